package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.Nanos;
import io.hybridiot.connect.influxdb2.client.Row;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns a row into the topic, the key and the value of a record.
 *
 * <p>A record has one object of names, where a point has three kinds of them. Time and measurement keep the names that the settings
 * give; a tag whose name one of them has is handed over as NAME_tag, and a field whose name is taken as NAME_field. Values
 * never change and never vanish.
 */
final class RowMapper {
    private static final Logger LOG = LoggerFactory.getLogger(RowMapper.class);

    private final TopicName topic;
    private final String keyTag;
    private final String timeField;
    private final String measurementField;
    private final long unit;
    private final Map<String, String> topics = new HashMap<>();
    private final Set<String> renamed = new HashSet<>();

    RowMapper(final SourceSettings settings) {
        this.topic = new TopicName(settings.topic(), settings.bucket());
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
        return topics.computeIfAbsent(String.valueOf(row.measurement()), name -> topic.of(row.measurement()));
    }

    /** The key, or null. */
    String key(final Row row) {
        if (keyTag == null) {
            return null;
        }
        final Object value = row.tags().containsKey(keyTag) ? row.tags().get(keyTag) : row.values().get(keyTag);
        return value == null ? null : value.toString();
    }

    /** The row whole: its time and measurement first, then its tags and its fields. */
    Map<String, Object> value(final Row row) {
        final Map<String, Object> value = new LinkedHashMap<>();
        value.put(timeField, units(row.time()));
        if (measurementField != null && row.measurement() != null) {
            value.put(measurementField, row.measurement());
        }
        final Map<String, Object> renamedTags = new LinkedHashMap<>();
        row.tags().forEach((name, tag) -> {
            if (value.containsKey(name)) {
                renamedTags.put(name, tag);
            } else {
                value.put(name, tag);
            }
        });
        final Map<String, Object> renamedFields = new LinkedHashMap<>();
        row.values().forEach((name, field) -> {
            if (value.containsKey(name)) {
                renamedFields.put(name, plain(field));
            } else {
                value.put(name, plain(field));
            }
        });
        renamedTags.forEach((name, tag) -> rename(value, name, "_tag", tag));
        renamedFields.forEach((name, field) -> rename(value, name, "_field", field));
        return value;
    }

    private void rename(final Map<String, Object> value, final String name, final String tail, final Object content) {
        String free = name + tail;
        while (value.containsKey(free)) {
            free += tail;
        }
        value.put(free, content);
        if (renamed.size() < 1000 && renamed.add(free)) {
            LOG.warn("The name {} is taken in a record: what else has it in InfluxDB is handed over as {}", name, free);
        }
    }

    private long units(final long nanos) {
        return Math.floorDiv(nanos, unit);
    }

    private Object plain(final Object value) {
        return value instanceof Instant time ? (Object) units(Nanos.of(time)) : value;
    }
}
