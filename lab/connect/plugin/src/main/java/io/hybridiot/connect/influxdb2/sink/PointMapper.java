package io.hybridiot.connect.influxdb2.sink;

import java.util.Map;
import java.util.Set;

/** Turns one record, as plain Java values, into one line of line protocol. */
public final class PointMapper {
    private static final String MEASUREMENT = "measurement";
    private static final String TAGS = "tags";

    private final MeasurementName measurement;
    private final PointTime time;
    private final FieldValues fields;
    private final String timeField;
    private final Set<String> tagFields;
    private final Set<String> tagHeaders;
    private final Set<String> excluded;
    private final boolean tagsRequired;
    private final Names names = new Names();

    public PointMapper(final SinkSettings settings, final SinkCounts counts) {
        this.measurement = settings.measurement().orElse(null);
        this.time = new PointTime(settings.precision(), counts);
        this.fields = new FieldValues(settings, time, counts);
        this.timeField = settings.timeField().orElse(null);
        this.tagFields = settings.tagFields();
        this.tagHeaders = settings.tagHeaders();
        this.excluded = settings.fieldsExclude();
        this.tagsRequired = settings.tagsRequired();
    }

    /**
     * The line of one record.
     *
     * @param timestamp milliseconds since the epoch of the Kafka record, or null
     */
    public String line(
            final String topic, final Map<String, String> headers, final Long timestamp, final Map<?, ?> value)
            throws BadRecordException {
        final String name = name(topic, headers, value);
        final LineProtocolBuilder line = new LineProtocolBuilder(names);
        for (final Map.Entry<?, ?> entry : value.entrySet()) {
            add(line, text(entry.getKey()), entry.getValue());
        }
        for (final String header : tagHeaders) {
            tag(line, header, headers.get(header));
        }
        if (tagsRequired && !line.hasTags()) {
            throw new BadRecordException("it has no tag, and " + SinkSettings.TAGS_REQUIRED + " is true");
        }
        if (!line.hasFields()) {
            throw new BadRecordException("it has no field: a point needs at least one");
        }
        return line.with(name, timeOf(value, timestamp));
    }

    private static String text(final Object name) throws BadRecordException {
        if (name instanceof String text) {
            return text;
        }
        throw new BadRecordException("it has the name " + name + ", which is not text");
    }

    private String name(final String topic, final Map<String, String> headers, final Map<?, ?> value) throws BadRecordException {
        if (measurement != null) {
            return measurement.of(topic, headers);
        }
        if (value.get(MEASUREMENT) instanceof String own && !own.isEmpty()) {
            return own;
        }
        throw new BadRecordException("it names no measurement: it has no text `measurement`, and "
            + SinkSettings.MEASUREMENT + " is not set");
    }

    private long timeOf(final Map<?, ?> value, final Long timestamp) throws BadRecordException {
        if (timeField != null) {
            return time.read(timeField, value.get(timeField));
        }
        if (timestamp == null) {
            throw new BadRecordException("it has no time: the Kafka record has no timestamp, and "
                + SinkSettings.TIME_FIELD + " is not set");
        }
        return time.ofMillis(timestamp);
    }

    private void add(final LineProtocolBuilder line, final String name, final Object value) throws BadRecordException {
        if (value == null || name.equals(timeField)) {
            return;
        }
        if (tagFields.contains(name)) {
            tag(line, name, value);
        } else if (TAGS.equals(name) && value instanceof Map<?, ?> tags) {
            for (final Map.Entry<?, ?> tag : tags.entrySet()) {
                tag(line, text(tag.getKey()), tag.getValue());
            }
        } else if (!isMeasurement(name, value) && !excluded.contains(name) && !tagHeaders.contains(name)) {
            fields.add(line, name, value);
        }
    }

    /** A text `measurement` is the record's own name, which the setting may override; anything else is a field. */
    private static boolean isMeasurement(final String name, final Object value) {
        return MEASUREMENT.equals(name) && value instanceof String;
    }

    private static void tag(final LineProtocolBuilder line, final String name, final Object value) throws BadRecordException {
        final String text = value == null ? "" : Texts.of("tag", name, value);
        if (!text.isEmpty()) {
            line.tag(name, text);
        }
    }
}
