package io.hybridiot.connect.influxdb2.sink;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Date;
import java.util.Map;
import java.util.Set;

/** Turns one record, as plain Java values, into one line of line protocol. */
public final class PointMapper {
    private static final String MEASUREMENT = "measurement";
    private static final String TAGS = "tags";

    private final MeasurementName measurement;
    private final PointTime time;
    private final String timeField;
    private final Set<String> tagFields;
    private final Set<String> excluded;
    private final boolean tagsRequired;
    private final boolean integersAsFloats;

    public PointMapper(final SinkSettings settings) {
        this.measurement = settings.measurement().orElse(null);
        this.time = new PointTime(settings.precision());
        this.timeField = settings.timeField().orElse(null);
        this.tagFields = settings.tagFields();
        this.excluded = settings.fieldsExclude();
        this.tagsRequired = settings.tagsRequired();
        this.integersAsFloats = settings.integersAsFloats();
    }

    /**
     * The line of one record.
     *
     * @param timestamp milliseconds since the epoch of the Kafka record, or null
     */
    public String line(
            final String topic, final Map<String, String> headers, final Long timestamp, final Map<String, Object> value)
            throws BadRecord {
        final String name = name(topic, headers, value);
        final Line line = new Line();
        for (final Map.Entry<String, Object> entry : value.entrySet()) {
            add(line, entry.getKey(), entry.getValue());
        }
        if (tagsRequired && !line.hasTags()) {
            throw new BadRecord("it has no tag, and " + SinkSettings.TAGS_REQUIRED + " is true");
        }
        if (!line.hasFields()) {
            throw new BadRecord("it has no field: a point needs at least one");
        }
        return line.with(name, timeOf(value, timestamp));
    }

    private String name(final String topic, final Map<String, String> headers, final Map<String, Object> value)
            throws BadRecord {
        if (measurement != null) {
            return measurement.of(topic, headers);
        }
        if (value.get(MEASUREMENT) instanceof String own && !own.isEmpty()) {
            return own;
        }
        throw new BadRecord("it names no measurement: it has no text `measurement`, and "
            + SinkSettings.MEASUREMENT + " is not set");
    }

    private long timeOf(final Map<String, Object> value, final Long timestamp) throws BadRecord {
        if (timeField != null) {
            return time.read(timeField, value.get(timeField));
        }
        if (timestamp == null) {
            throw new BadRecord("it has no time: the Kafka record has no timestamp, and "
                + SinkSettings.TIME_FIELD + " is not set");
        }
        return time.ofMillis(timestamp);
    }

    private void add(final Line line, final String name, final Object value) throws BadRecord {
        if (value == null || name.equals(timeField)) {
            return;
        }
        if (tagFields.contains(name)) {
            tag(line, name, value);
        } else if (TAGS.equals(name) && value instanceof Map<?, ?> tags) {
            for (final Map.Entry<?, ?> tag : tags.entrySet()) {
                tag(line, String.valueOf(tag.getKey()), tag.getValue());
            }
        } else if (!MEASUREMENT.equals(name) && !excluded.contains(name)) {
            field(line, name, value);
        }
    }

    private static void tag(final Line line, final String name, final Object value) throws BadRecord {
        if (value instanceof Map || value instanceof Iterable) {
            throw new BadRecord("tag '" + name + "' is not text or a number");
        }
        final String text = value == null ? "" : value.toString();
        if (!text.isEmpty()) {
            line.tag(name, text);
        }
    }

    /** Scalars become fields; objects and lists are left out. */
    private void field(final Line line, final String name, final Object value) throws BadRecord {
        if (value instanceof Double || value instanceof Float || value instanceof BigDecimal) {
            line.field(name, finite(name, ((Number) value).doubleValue()));
        } else if (value instanceof Number number) {
            whole(line, name, number);
        } else if (value instanceof Boolean flag) {
            line.field(name, flag);
        } else if (value instanceof CharSequence text) {
            line.field(name, text.toString());
        } else if (value instanceof Date date) {
            line.field(name, time.ofMillis(date.getTime()));
        }
    }

    private void whole(final Line line, final String name, final Number number) throws BadRecord {
        if (number instanceof BigInteger big && big.bitLength() > 63) {
            throw new BadRecord("field '" + name + "' is a whole number beyond 64 bits: " + big);
        }
        if (integersAsFloats) {
            line.field(name, number.doubleValue());
        } else {
            line.field(name, number.longValue());
        }
    }

    private static double finite(final String name, final double value) throws BadRecord {
        if (!Double.isFinite(value)) {
            throw new BadRecord("field '" + name + "' is " + value + ", which InfluxDB cannot hold");
        }
        return value;
    }
}
