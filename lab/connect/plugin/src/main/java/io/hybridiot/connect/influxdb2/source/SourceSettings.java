package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.ConnectionConfig;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Range;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigDef.ValidString;
import org.apache.kafka.common.config.ConfigDef.Width;
import org.apache.kafka.common.config.ConfigException;

/** The source's settings. */
public final class SourceSettings extends ConnectionConfig {
    public static final String MODE = "mode";
    public static final String TOPIC_MAPPER = "topic.mapper";
    public static final String TOPIC_PREFIX = "topic.prefix";
    public static final String TOPIC = "topic.name.format";
    public static final String QUERY = "query";
    public static final String REQUIRED = "fields.required";
    public static final String BATCH_SIZE = "batch.size";
    public static final String DELAY = "timestamp.delay.interval.ms";
    public static final String LOOKBACK = "lookback.ms";
    public static final String SETTLE = "settle.ms";
    public static final String START = "start.time";
    public static final String POLL_INTERVAL = "poll.interval.ms";
    public static final String WHITELIST = "influxdb.measurement.whitelist";
    public static final String BLACKLIST = "influxdb.measurement.blacklist";
    public static final String KEY_TAG = "key.tag";
    public static final String TIME_FIELD = "time.fieldname";
    public static final String TIME_PRECISION = "time.precision";
    public static final String MEASUREMENT_FIELD = "measurement.fieldname";

    private static final String READING = "Reading";
    private static final String RECORDS = "Records";

    public SourceSettings(final Map<String, String> properties) {
        super(definition(), properties);
    }

    /** Every setting of the source. */
    public static ConfigDef definition() {
        return topics(records(choosing(timing(define()))));
    }

    private static ConfigDef timing(final ConfigDef definition) {
        return definition
            .define(MODE, Type.STRING, "timestamp", ValidString.in("timestamp", "bulk"), Importance.HIGH,
                "timestamp: hand over each row once, as it becomes visible. bulk: hand over everything at every poll.",
                READING, 1, Width.SHORT, "Mode")
            .define(POLL_INTERVAL, Type.LONG, 1000L, Range.atLeast(1), Importance.MEDIUM,
                "Milliseconds between one search for new rows and the next.",
                READING, 2, Width.SHORT, "Poll interval")
            .define(LOOKBACK, Type.LONG, 60_000L, Range.atLeast(0), Importance.HIGH,
                "How late a row may become visible after its own time, in milliseconds, and still be handed over. Every "
                    + "poll reads this stretch again, so choose it as short as the lateness you expect allows.",
                READING, 3, Width.SHORT, "Look-back")
            .define(DELAY, Type.LONG, 0L, Range.atLeast(0), Importance.LOW,
                "Rows younger than this many milliseconds wait for a later poll, so that fields written apart are "
                    + "handed over together.",
                READING, 4, Width.SHORT, "Delay")
            .define(SETTLE, Type.LONG, 200L, Range.atLeast(0), Importance.LOW,
                "InfluxDB shows a point while its fields are still being written. A new row is handed over once two looks, "
                    + "this many milliseconds apart, found it the same. 0: at first sight.",
                READING, 5, Width.SHORT, "Settling time")
            .define(START, Type.STRING, "1970-01-01T00:00:00Z", SourceSettings::checkTime, Importance.MEDIUM,
                "Where a source without an offset begins: an ISO 8601 time.",
                READING, 6, Width.MEDIUM, "Start")
            .define(BATCH_SIZE, Type.INT, 5000, Range.between(1, 1_000_000), Importance.MEDIUM,
                "Most rows in one poll; queries are cut so that they answer with about as many.",
                READING, 7, Width.SHORT, "Rows per poll");
    }

    private static ConfigDef choosing(final ConfigDef definition) {
        return definition
            .define(WHITELIST, Type.LIST, List.of(), Importance.MEDIUM,
                "Measurements to read. Empty: all.", READING, 8, Width.LONG, "Only these measurements")
            .define(BLACKLIST, Type.LIST, List.of(), Importance.MEDIUM,
                "Measurements not to read.", READING, 9, Width.LONG, "Not these measurements")
            .define(QUERY, Type.STRING, "", SourceSettings::checkQuery, Importance.LOW,
                "Flux of your own in place of the built-in query. $influxdb.bucket, $startTimestamp and $endTimestamp "
                    + "stand for the bucket's name and the stretch of time to read; $batch.size for the most rows it may "
                    + "give per table, oldest first. Each row of the answer becomes a record.",
                READING, 10, Width.LONG, "Query")
            .define(REQUIRED, Type.LIST, List.of(), Importance.MEDIUM,
                "Fields without which a row waits for a later poll: for rows whose fields are written apart, further than "
                    + SETTLE + ". Once handed over, a row does not come again. Only for the built-in query.",
                READING, 11, Width.LONG, "Fields a row must have");
    }

    private static ConfigDef records(final ConfigDef definition) {
        return definition
            .define(KEY_TAG, Type.STRING, null, Importance.HIGH,
                "Column whose text is the record's key, usually a tag. Unset: no key.",
                RECORDS, 1, Width.MEDIUM, "Key")
            .define(TIME_FIELD, Type.STRING, "time", filled(), Importance.LOW,
                "Name under which the record holds the row's time.", RECORDS, 2, Width.SHORT, "Time field")
            .define(TIME_PRECISION, Type.STRING, "Milliseconds",
                ValidString.in("Seconds", "Milliseconds", "Microseconds", "Nanoseconds"), Importance.MEDIUM,
                "Unit of the record's time, a whole number since the epoch.", RECORDS, 3, Width.SHORT, "Time unit")
            .define(MEASUREMENT_FIELD, Type.STRING, "measurement", Importance.LOW,
                "Name under which the record holds the measurement. Empty: left out.",
                RECORDS, 4, Width.SHORT, "Measurement field");
    }

    private static ConfigDef topics(final ConfigDef definition) {
        return definition
            .define(TOPIC_MAPPER, Type.STRING, "bucket", ValidString.in("bucket", "measurement"), Importance.HIGH,
                "What names the topic after the prefix: the bucket or the row's measurement.",
                RECORDS, 5, Width.SHORT, "Topic from")
            .define(TOPIC_PREFIX, Type.STRING, "", TopicName::check, Importance.MEDIUM,
                "Text before the topic's name.", RECORDS, 6, Width.MEDIUM, "Topic prefix")
            .define(TOPIC, Type.STRING, null, TopicName::check, Importance.MEDIUM,
                "The topic's whole name, in place of mapper and prefix. May hold ${bucket} and ${measurement}. Of these names, "
                    + "characters that no topic can have become underscores.",
                RECORDS, 7, Width.MEDIUM, "Topic");
    }

    private static void checkTime(final String name, final Object value) {
        try {
            Position.parse(value);
        } catch (final IllegalArgumentException e) {
            throw new ConfigException(name, value, "Write an ISO 8601 time such as 2026-01-01T00:00:00Z.");
        }
    }

    private static void checkQuery(final String name, final Object value) {
        final String query = (String) value;
        if (!query.isBlank() && !(query.contains(QueryTemplate.START) && query.contains(QueryTemplate.END))) {
            throw new ConfigException(name, value, "The query must read from " + QueryTemplate.START + " to "
                + QueryTemplate.END + ": |> range(start: $startTimestamp, stop: $endTimestamp).");
        }
    }

    public boolean bulk() {
        return "bulk".equals(getString(MODE));
    }

    public Duration pollInterval() {
        return Duration.ofMillis(getLong(POLL_INTERVAL));
    }

    public Duration lookback() {
        return Duration.ofMillis(getLong(LOOKBACK));
    }

    public Duration settle() {
        return Duration.ofMillis(getLong(SETTLE));
    }

    public Duration delay() {
        return Duration.ofMillis(getLong(DELAY));
    }

    /** Nanoseconds since the epoch. */
    public long start() {
        return Position.parse(getString(START));
    }

    public int batchSize() {
        return getInt(BATCH_SIZE);
    }

    public List<String> whitelist() {
        return getList(WHITELIST);
    }

    public List<String> blacklist() {
        return getList(BLACKLIST);
    }

    public Optional<String> query() {
        return Optional.of(getString(QUERY)).filter(query -> !query.isBlank());
    }

    public List<String> required() {
        return getList(REQUIRED);
    }

    public Optional<String> keyTag() {
        return Optional.ofNullable(getString(KEY_TAG));
    }

    public String timeField() {
        return getString(TIME_FIELD);
    }

    public String timePrecision() {
        return getString(TIME_PRECISION);
    }

    public Optional<String> measurementField() {
        return Optional.of(getString(MEASUREMENT_FIELD)).filter(name -> !name.isEmpty());
    }

    /** The topic's name, with ${bucket} and ${measurement} still in it. */
    public String topic() {
        final String whole = getString(TOPIC);
        return whole != null ? whole : getString(TOPIC_PREFIX) + "${" + getString(TOPIC_MAPPER) + "}";
    }
}
