package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.Flux;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The Flux that reads a stretch of time: the built-in one, or a person's own. */
final class QueryTemplate {
    static final String BUCKET = "$influxdb.bucket";
    static final String START = "$startTimestamp";
    static final String END = "$endTimestamp";
    static final String BATCH_SIZE = "$batch.size";

    /** Two times fewer in every row. */
    private static final String WITHOUT_BOUNDS = "\n  |> drop(columns: [\"_start\", \"_stop\"])";

    private final String template;
    private final String bucket;

    private QueryTemplate(final String template, final String bucket) {
        this.template = template;
        this.bucket = bucket;
    }

    static QueryTemplate own(final String template, final String bucket) {
        return new QueryTemplate(template, bucket);
    }

    /** Every value of the measurements chosen, a table per series and field. */
    static QueryTemplate builtIn(final String bucket, final List<String> only, final List<String> not) {
        return new QueryTemplate(from(only, not) + WITHOUT_BOUNDS, bucket);
    }

    /** The texts of some fields, with line breaks and backslashes escaped. */
    static QueryTemplate exactTexts(final String bucket, final Set<SeriesRows.Field> fields) {
        final String chosen = fields.stream()
            .map(field -> "r._measurement == " + Flux.text(field.measurement()) + " and r._field == " + Flux.text(field.name()))
            .collect(Collectors.joining(" or ", "\n  |> filter(fn: (r) => ", ")"));
        return new QueryTemplate("import \"strings\"\n" + from(List.of(), List.of()) + chosen + Escapes.FLUX + WITHOUT_BOUNDS, bucket);
    }

    /** The time of the first row; first() and not min(), because storage answers it from its index. */
    static QueryTemplate firstTime(final String bucket, final List<String> only, final List<String> not) {
        return edge("first", bucket, only, not);
    }

    /** The earliest time of the last rows of all series. */
    static QueryTemplate lastTime(final String bucket, final List<String> only, final List<String> not) {
        return edge("last", bucket, only, not);
    }

    private static QueryTemplate edge(
            final String which, final String bucket, final List<String> only, final List<String> not) {
        return new QueryTemplate(from(only, not) + "\n  |> " + which + "()\n  |> keep(columns: [\"_time\"])\n  |> group()"
            + "\n  |> sort(columns: [\"_time\"])\n  |> limit(n: 1)", bucket);
    }

    private static String from(final List<String> only, final List<String> not) {
        return "from(bucket: \"" + BUCKET + "\")\n  |> range(start: " + START + ", stop: " + END + ")"
            + filter(only, " == ", " or ") + filter(not, " != ", " and ");
    }

    private static String filter(final List<String> names, final String compare, final String join) {
        if (names.isEmpty()) {
            return "";
        }
        return names.stream().map(name -> "r._measurement" + compare + Flux.text(name))
            .collect(Collectors.joining(join, "\n  |> filter(fn: (r) => ", ")"));
    }

    /** The query for rows with start &lt;= time &lt; stop, in nanoseconds since the epoch. */
    String between(final long start, final long stop, final int most) {
        return template
            .replace(START, Flux.time(start)).replace(END, Flux.time(stop))
            .replace(BATCH_SIZE, Integer.toString(most)).replace(BUCKET, Flux.inText(bucket));
    }

    /** Whether the query limits its answer itself. */
    boolean limits() {
        return template.contains(BATCH_SIZE);
    }
}
