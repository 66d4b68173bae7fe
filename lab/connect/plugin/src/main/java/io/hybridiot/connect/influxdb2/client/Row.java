package io.hybridiot.connect.influxdb2.client;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * One row of an answer.
 *
 * @param table names the table of the answer that it belongs to
 * @param time nanoseconds since the epoch, of column _time; {@link #NO_TIME} when there is none
 * @param measurement of column _measurement, or null
 * @param tags by name, where the answer tells them from fields; else empty
 * @param values fields by name, or every column that is not Flux's own; without nulls
 */
public record Row(String table, long time, String measurement, Map<String, String> tags, Map<String, Object> values) {
    public static final long NO_TIME = Long.MIN_VALUE;

    private static final Set<String> FLUX_COLUMNS = Set.of("_time", "_start", "_stop", "_measurement");

    /** A row of an answer whose columns may be anything. */
    static Row of(final Answer answer) {
        final Map<String, Object> values = new LinkedHashMap<>();
        long time = NO_TIME;
        String measurement = null;
        for (int i = Answer.FIRST; i < answer.size(); i++) {
            final Object value = answer.value(i);
            final String label = answer.label(i);
            if ("_time".equals(label) && value instanceof Instant at) {
                time = Nanos.of(at);
            } else if ("_measurement".equals(label)) {
                measurement = value == null ? null : value.toString();
            } else if (value != null && !FLUX_COLUMNS.contains(label) && !isNull(answer, i, value)) {
                values.put(label, value);
            }
        }
        return new Row(answer.table(), time, measurement, Map.of(), values);
    }

    /** CSV has one form for no text and for an empty one; outside a group key a pivoted row usually means none. */
    private static boolean isNull(final Answer answer, final int i, final Object value) {
        return answer.isText(i) && value.toString().isEmpty();
    }
}
