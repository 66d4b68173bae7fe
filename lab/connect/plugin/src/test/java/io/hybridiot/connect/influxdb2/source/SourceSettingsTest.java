package io.hybridiot.connect.influxdb2.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The source's settings: defaults, topic names, and mistakes that are refused beside their property. */
class SourceSettingsTest {
    private static final Map<String, String> NEEDED = Map.of(
        "influxdb.url", "http://localhost:8086", "influxdb.token", "t", "influxdb.org.id", "o", "influxdb.bucket", "b");

    private static SourceSettings with(final Map<String, String> more) {
        final Map<String, String> properties = new HashMap<>(NEEDED);
        properties.putAll(more);
        return new SourceSettings(properties);
    }

    @Test
    void whatIsNotSetHasTheDefaultsOfTheReference() {
        final SourceSettings settings = with(Map.of());
        assertFalse(settings.bulk());
        assertEquals(Duration.ofSeconds(1), settings.pollInterval());
        assertEquals(Duration.ofSeconds(60), settings.lookback());
        assertEquals(Duration.ofMillis(200), settings.settle());
        assertEquals(Duration.ZERO, settings.delay());
        assertEquals(0, settings.start());
        assertEquals(5000, settings.batchSize());
        assertEquals(List.of(), settings.required());
        assertEquals(Optional.empty(), settings.query());
        assertEquals(Optional.empty(), settings.keyTag());
        assertEquals("time", settings.timeField());
        assertEquals("Milliseconds", settings.timePrecision());
        assertEquals(Optional.of("measurement"), settings.measurementField());
        assertEquals("${bucket}", settings.topic());
    }

    @Test
    void aTopicIsNamedByPrefixAndMapperOrAsAWhole() {
        assertEquals("p_${measurement}", with(Map.of("topic.prefix", "p_", "topic.mapper", "measurement")).topic());
        assertEquals("all-${bucket}", with(Map.of("topic.prefix", "p_", "topic.name.format", "all-${bucket}")).topic());
    }

    @Test
    void anEmptyMeasurementFieldLeavesItOut() {
        assertEquals(Optional.empty(), with(Map.of("measurement.fieldname", "")).measurementField());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "2026-01-01T00:00:00Z|1767225600000000000", "2026-01-01T01:00:00+01:00|1767225600000000000",
        "1970-01-01T00:00:00.000000001Z|1"})
    void theStartIsATimeWithAnOffset(final String text, final long nanoseconds) {
        assertEquals(nanoseconds, with(Map.of("start.time", text)).start());
    }

    @Test
    void aQueryOfOnesOwnMustReadTheStretchItIsGiven() {
        final String good = "from(bucket: $influxdb.bucket) |> range(start: $startTimestamp, stop: $endTimestamp)";
        assertEquals(Optional.of(good), with(Map.of("query", good)).query());
        assertEquals(Optional.empty(), with(Map.of("query", "  ")).query());
        final Map<String, String> wrong = Map.of("query", "from(bucket: \"b\") |> range(start: -1h)");
        final ConfigException refused = assertThrows(ConfigException.class, () -> with(wrong));
        assertTrue(refused.getMessage().contains("$startTimestamp"), refused::getMessage);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "mode|all", "poll.interval.ms|0", "lookback.ms|-1", "settle.ms|-1", "timestamp.delay.interval.ms|-1", "start.time|yesterday",
        "start.time|2026-01-01", "batch.size|0", "time.precision|Days", "topic.mapper|tag", "topic.prefix|a b", "topic.name.format|a/b",
        "topic.name.format|${tag}", "time.fieldname|''"})
    void aMistakeIsRefusedBesideItsProperty(final String name, final String value) {
        final Map<String, String> wrong = Map.of(name, value.equals("''") ? "" : value);
        final ConfigException refused = assertThrows(ConfigException.class, () -> with(wrong));
        assertTrue(refused.getMessage().contains(name), refused::getMessage);
    }
}
