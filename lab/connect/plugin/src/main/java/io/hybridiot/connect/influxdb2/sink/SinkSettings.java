package io.hybridiot.connect.influxdb2.sink;

import com.influxdb.client.domain.WritePrecision;
import io.hybridiot.connect.influxdb2.client.ConnectionConfig;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Range;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigDef.Width;
import org.apache.kafka.common.config.ConfigException;

/** The sink's settings. */
public final class SinkSettings extends ConnectionConfig {
    public static final String MEASUREMENT = "measurement.name.format";
    public static final String TIME_FIELD = "event.time.fieldname";
    public static final String PRECISION = "write.precision";
    public static final String TAG_FIELDS = "tag.fields";
    public static final String TAG_HEADERS = "tag.headers";
    public static final String TAGS_REQUIRED = "tags.required";
    public static final String FIELDS_EXCLUDE = "fields.exclude";
    public static final String INTEGERS_AS_FLOATS = "integers.as.floats";
    public static final String FIELD_TYPES = "field.types";
    public static final String BATCH_SIZE = "batch.size";
    public static final String LINGER = "batch.linger.ms";
    public static final String WRITERS = "writers.per.task";

    private static final String MAPPING = "Mapping";
    private static final String BATCHING = "Batching";
    private static final Map<String, WritePrecision> PRECISIONS = Map.of(
        "Seconds", WritePrecision.S, "Milliseconds", WritePrecision.MS,
        "Microseconds", WritePrecision.US, "Nanoseconds", WritePrecision.NS);

    public SinkSettings(final Map<String, String> properties) {
        super(definition(), properties);
    }

    /** Every setting of the sink. */
    public static ConfigDef definition() {
        return batching(fields(mapping(define())));
    }

    private static ConfigDef mapping(final ConfigDef definition) {
        return definition
            .define(MEASUREMENT, Type.STRING, null, SinkSettings::checkMeasurement, Importance.HIGH,
                "Measurement of every point. May hold ${topic} and ${header.NAME}. Overrides the record's own "
                    + "`measurement`; a record that ends up with neither is refused.",
                MAPPING, 1, Width.MEDIUM, "Measurement")
            .define(TIME_FIELD, Type.STRING, null, Importance.HIGH,
                "Field that holds the point's time: a whole number in the unit of " + PRECISION
                    + ", or ISO 8601 text. Unset: the record's timestamp.",
                MAPPING, 2, Width.MEDIUM, "Time field")
            .define(PRECISION, Type.STRING, "Milliseconds",
                ConfigDef.ValidString.in("Seconds", "Milliseconds", "Microseconds", "Nanoseconds"), Importance.MEDIUM,
                "Unit in which points are written, and of the number in the time field.",
                MAPPING, 3, Width.SHORT, "Precision");
    }

    private static ConfigDef fields(final ConfigDef definition) {
        return definition
            .define(TAG_FIELDS, Type.LIST, List.of(), Importance.MEDIUM,
                "Names of fields that become tags, beside those in the record's `tags` object. Tags are indexed: choose "
                    + "what you search by and what takes few values.",
                MAPPING, 4, Width.LONG, "Fields that become tags")
            .define(TAGS_REQUIRED, Type.BOOLEAN, false, Importance.LOW,
                "Refuse a record that ends up without any tag.",
                MAPPING, 5, Width.SHORT, "Tags required")
            .define(FIELDS_EXCLUDE, Type.LIST, List.of(), Importance.LOW,
                "Names of fields that are not written.",
                MAPPING, 6, Width.LONG, "Fields left out")
            .define(INTEGERS_AS_FLOATS, Type.BOOLEAN, false, Importance.LOW,
                "Write whole numbers as floats, for producers that send 500 for 500.0: InfluxDB refuses a field whose "
                    + "type changes.",
                MAPPING, 7, Width.SHORT, "Integers as floats")
            .define(FIELD_TYPES, Type.LIST, List.of(), SinkSettings::checkTypes, Importance.MEDIUM,
                "Types of fields, as NAME:TYPE with float, integer, boolean or string: fuel:float,seq:integer. A number is "
                    + "written in that type when it stays the same number; any other value is refused, so that one odd record "
                    + "cannot fix a field's type for everybody. Other fields keep the type they come in.",
                MAPPING, 8, Width.LONG, "Types of fields")
            .define(TAG_HEADERS, Type.LIST, List.of(), Importance.MEDIUM,
                "Names of the record's headers that become tags, for devices that are named by their MQTT topic and not in "
                    + "their payload. A field of the same name is left out; a record without the header has no such tag.",
                MAPPING, 9, Width.LONG, "Headers that become tags");
    }

    private static ConfigDef batching(final ConfigDef definition) {
        return definition
            .define(BATCH_SIZE, Type.INT, 5000, Range.between(1, 1_000_000), Importance.MEDIUM,
                "Most points in one write.", BATCHING, 1, Width.SHORT, "Points per write")
            .define(LINGER, Type.LONG, 50L, Range.atLeast(0), Importance.LOW,
                "Milliseconds a point waits for others before a smaller batch is written.",
                BATCHING, 2, Width.SHORT, "Wait for others")
            .define(WRITERS, Type.INT, 2, Range.between(1, 64), Importance.LOW,
                "Writes that one task has under way at a time. Each Kafka partition belongs to one writer, so the order "
                    + "within a partition is kept.",
                BATCHING, 3, Width.SHORT, "Writers per task");
    }

    /** The types a field can be given. */
    enum FieldType { FLOAT, INTEGER, BOOLEAN, STRING }

    private static void checkTypes(final String name, final Object value) {
        for (final Object entry : (List<?>) value) {
            final String text = entry.toString();
            if (text.lastIndexOf(':') <= 0 || type(text).isEmpty()) {
                throw new ConfigException(name, entry, "Write NAME:TYPE, where the type is float, integer, boolean or string.");
            }
        }
    }

    private static Optional<FieldType> type(final String entry) {
        final String type = entry.substring(entry.lastIndexOf(':') + 1);
        return Arrays.stream(FieldType.values()).filter(known -> known.name().toLowerCase(Locale.ROOT).equals(type)).findFirst();
    }

    private static void checkMeasurement(final String name, final Object value) {
        if (value == null) {
            return;
        }
        try {
            MeasurementName.of((String) value);
        } catch (final IllegalArgumentException e) {
            throw new ConfigException(name, value, e.getMessage());
        }
    }

    /** The template of the measurement's name, when one is set. */
    public Optional<MeasurementName> measurement() {
        return Optional.ofNullable(getString(MEASUREMENT)).map(MeasurementName::of);
    }

    public Optional<String> timeField() {
        return Optional.ofNullable(getString(TIME_FIELD));
    }

    public WritePrecision precision() {
        return PRECISIONS.get(getString(PRECISION));
    }

    public Set<String> tagFields() {
        return Set.copyOf(getList(TAG_FIELDS));
    }

    public Set<String> tagHeaders() {
        return Set.copyOf(getList(TAG_HEADERS));
    }

    public boolean tagsRequired() {
        return getBoolean(TAGS_REQUIRED);
    }

    public Set<String> fieldsExclude() {
        return Set.copyOf(getList(FIELDS_EXCLUDE));
    }

    public boolean integersAsFloats() {
        return getBoolean(INTEGERS_AS_FLOATS);
    }

    /** By name, the types that fields are to have. */
    Map<String, FieldType> fieldTypes() {
        return getList(FIELD_TYPES).stream().collect(Collectors.toUnmodifiableMap(
            entry -> entry.substring(0, entry.lastIndexOf(':')), entry -> type(entry).orElseThrow(), (one, other) -> other));
    }

    public int batchSize() {
        return getInt(BATCH_SIZE);
    }

    public Duration linger() {
        return Duration.ofMillis(getLong(LINGER));
    }

    public int writers() {
        return getInt(WRITERS);
    }
}
