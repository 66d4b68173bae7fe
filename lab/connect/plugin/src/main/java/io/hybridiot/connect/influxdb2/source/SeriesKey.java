package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.Flux;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.Row;
import io.hybridiot.connect.influxdb2.client.RowReader;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Tells series apart: a 64-bit hash of a row's measurement and tags.
 *
 * <p>A row of a person's own query does not show which of its columns are tags; the bucket is asked, again whenever a text column
 * comes up that was not there before.
 */
final class SeriesKey {
    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private final RowReader influx;
    private final String bucket;
    private final boolean builtIn;
    private final Set<String> known = new HashSet<>();
    /** Learnt on the reading thread, used on the task's. */
    private volatile Set<String> tags = Set.of();

    /**
     * Knows no tags yet.
     *
     * @param builtIn whether rows come from the built-in query and bring their tags along, sorted by name
     */
    SeriesKey(final RowReader influx, final String bucket, final boolean builtIn) {
        this.influx = influx;
        this.bucket = bucket;
        this.builtIn = builtIn;
    }

    /** Learns the tags among the text columns of {@code rows}. */
    void learn(final Iterable<Row> rows) throws InfluxRequestException {
        if (builtIn) {
            return;
        }
        final Set<String> texts = new HashSet<>();
        for (final Row row : rows) {
            for (final Map.Entry<String, Object> column : row.values().entrySet()) {
                if (column.getValue() instanceof String) {
                    texts.add(column.getKey());
                }
            }
        }
        if (!known.containsAll(texts)) {
            tags = ask();
            known.addAll(texts);
        }
    }

    private Set<String> ask() throws InfluxRequestException {
        final Set<String> found = new TreeSet<>();
        influx.query("import \"influxdata/influxdb/schema\"\nschema.tagKeys(bucket: " + Flux.text(bucket)
            + ", predicate: (r) => true, start: 1677-09-22T00:00:00Z)",
            row -> {
                found.add(String.valueOf(row.values().get("_value")));
                return true;
            });
        return found;
    }

    /** The hash: FNV-1a over names and values, with a final mix (SplitMix64) so that every bit counts. */
    long of(final Row row) {
        long hash = text(FNV_OFFSET, String.valueOf(row.measurement()));
        if (builtIn) {
            for (final Map.Entry<String, String> tag : row.tags().entrySet()) {
                hash = text(text(hash, tag.getKey()), tag.getValue());
            }
            return mix(hash);
        }
        for (final String tag : tags) {
            final Object value = row.values().get(tag);
            if (value != null) {
                hash = text(text(hash, tag), value.toString());
            }
        }
        return mix(hash);
    }

    private static long text(final long start, final String text) {
        long hash = start;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * FNV_PRIME;
        }
        return (hash ^ 0xFFFF) * FNV_PRIME;
    }

    private static long mix(final long hash) {
        long mixed = (hash ^ (hash >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }
}
