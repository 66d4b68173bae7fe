package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.Nanos;
import io.hybridiot.connect.influxdb2.client.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/** Turns a row into the topic, the key and the value of a record. */
final class RowMapper {
    private final String topic;
    private final String bucket;
    private final String keyTag;
    private final String timeField;
    private final String measurementField;
    private final long unit;

    RowMapper(final SourceSettings settings) {
        this.topic = settings.topic();
        this.bucket = settings.bucket();
        this.keyTag = settings.keyTag().orElse(null);
        this.timeField = settings.timeField();
        this.measurementField = settings.measurementField().orElse(null);
        this.unit = switch (settings.timePrecision()) {
            case "Seconds" -> Nanos.PER_SECOND;
            case "Milliseconds" -> Nanos.PER_MILLI;
            case "Microseconds" -> 1_000L;
            default -> 1L;
        };
    }

    String topic(final Row row) {
        return topic.replace("${bucket}", bucket).replace("${measurement}", String.valueOf(row.measurement()));
    }

    /** The key, or null. */
    String key(final Row row) {
        final Object value = keyTag == null ? null : row.values().get(keyTag);
        return value == null ? null : value.toString();
    }

    /** The row whole: its time first, then its columns. */
    Map<String, Object> value(final Row row) {
        final Map<String, Object> value = new LinkedHashMap<>();
        value.put(timeField, units(row.time()));
        if (measurementField != null && row.measurement() != null) {
            value.put(measurementField, row.measurement());
        }
        for (final Map.Entry<String, Object> column : row.values().entrySet()) {
            value.put(column.getKey(), plain(column.getValue()));
        }
        return value;
    }

    private long units(final long nanos) {
        return Math.floorDiv(nanos, unit);
    }

    private Object plain(final Object value) {
        if (value instanceof Instant time) {
            return units(Nanos.of(time));
        }
        return value instanceof Duration duration ? duration.toString() : value;
    }
}
