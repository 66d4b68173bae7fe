package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.Flux;
import java.util.List;

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

    /** The texts of some fields, with line breaks and backslashes escaped. InfluxDB's time grows with the square of their number. */
    static QueryTemplate exactTexts(final String bucket, final List<SeriesRows.Field> fields) {
        final String chosen = filter(fields.stream()
            .map(field -> "r._measurement == " + Flux.text(field.measurement()) + " and r._field == " + Flux.text(field.name()))
            .toList(), " or ");
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
            + measurements(only, " == ", " or ") + measurements(not, " != ", " and ");
    }

    private static String measurements(final List<String> names, final String compare, final String join) {
        return filter(names.stream().map(name -> "r._measurement" + compare + Flux.text(name)).toList(), join);
    }

    private static String filter(final List<String> conditions, final String join) {
        return conditions.isEmpty() ? "" : "\n  |> filter(fn: (r) => " + joined(conditions, join) + ")";
    }

    /** A balanced tree: Flux reads a chain as one condition inside the other, and refuses it at a depth of less than 200. */
    private static String joined(final List<String> conditions, final String join) {
        final int count = conditions.size();
        return count == 1 ? conditions.get(0)
            : "(" + joined(conditions.subList(0, count / 2), join) + ")" + join
                + "(" + joined(conditions.subList(count / 2, count), join) + ")";
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
