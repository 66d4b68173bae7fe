package io.hybridiot.connect.influxdb2.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hybridiot.connect.influxdb2.client.Nanos;
import io.hybridiot.connect.influxdb2.client.Row;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.errors.ConnectException;
import org.junit.jupiter.api.Test;

class SourcePartsTest {
    private static SourceSettings settings(final String... more) {
        final Map<String, String> properties = new HashMap<>(Map.of(
            "influxdb.url", "http://localhost:8086", "influxdb.token", "t",
            "influxdb.org.id", "o", "influxdb.bucket", "alarms"));
        for (int i = 0; i < more.length; i += 2) {
            properties.put(more[i], more[i + 1]);
        }
        return new SourceSettings(properties);
    }

    @Test
    void whatWasSeenSurvivesTheOffset() {
        final Random random = new Random(3);
        final DeliveredRows seen = new DeliveredRows();
        for (int i = 0; i < 5000; i++) {
            seen.add(random.nextInt(20), random.nextLong());
        }
        final DeliveredRows back = DeliveredRowsCodec.decode(DeliveredRowsCodec.encode(seen));
        assertEquals(seen.bySeries(), back.bySeries());
        assertEquals(seen.size(), back.size());
    }

    @Test
    void aMinuteOfAThousandRowsASecondFitsAnOffset() {
        final Random random = new Random(4);
        final DeliveredRows seen = new DeliveredRows();
        for (int i = 0; i < 60_000; i++) {
            seen.add(i % 1000, 1_700_000_000_000_000_000L + i * 1_000_000L + random.nextInt(900) * 1000L);
        }
        final Position position = new Position(0, seen);
        assertEquals(60_000, Position.of(position.toMap()).seen().size());
    }

    @Test
    void forgettingKeepsTheFloor() {
        final DeliveredRows seen = new DeliveredRows();
        seen.add(1, 10);
        seen.add(1, 20);
        seen.add(2, 5);
        seen.forgetBefore(20);
        assertFalse(seen.contains(1, 10));
        assertTrue(seen.contains(1, 20));
        assertEquals(1, seen.size());
    }

    @Test
    void anOffsetOfAPersonNeedsOnlyTheTime() {
        assertEquals(Nanos.of(Instant.parse("2026-01-01T00:00:00.000001Z")),
            Position.of(Map.of("time", "2026-01-01T00:00:00.000001Z")).time());
    }

    @Test
    void offsetsThatCannotBeUsedAreNamed() {
        final Map<String, ?> bucket = Map.of("bucket", "b");
        OffsetCheck.check("b", Map.of(bucket, Map.of("time", "2026-01-01T00:00:00Z")));
        final Map<Map<String, ?>, Map<String, ?>> forgotten = new HashMap<>();
        forgotten.put(bucket, null);
        OffsetCheck.check("b", forgotten);
        for (final Map<String, ?> wrong : List.<Map<String, ?>>of(
                Map.of("time", "yesterday"), Map.of(), Map.of("time", "2026-01-01T00:00:00Z", "seen", "AAAA"),
                Map.of("time", "2026-01-01T00:00:00Z", "more", 1))) {
            assertThrows(ConnectException.class, () -> OffsetCheck.check("b", Map.of(bucket, wrong)), wrong::toString);
        }
        assertThrows(ConnectException.class,
            () -> OffsetCheck.check("b", Map.of(Map.of("topic", "t"), Map.of("time", "2026-01-01T00:00:00Z"))));
    }

    @Test
    void anOffsetOfAnotherBucketIsRefused() {
        assertTrue(assertThrows(ConnectException.class, () -> OffsetCheck.check("mine", Map.of(
            Map.of("bucket", "other"), Map.of("time", "2026-01-01T00:00:00Z")))).getMessage().contains("reads bucket mine"));
    }

    @Test
    void theBuiltInQueryChoosesMeasurements() {
        final String flux = QueryTemplate.builtIn("b\"1", List.of("x", "y"), List.of("z")).between(0, 1_000_000_001L, 5);
        assertTrue(flux.contains("from(bucket: \"b\\\"1\")"), flux);
        assertTrue(flux.contains("range(start: 1970-01-01T00:00:00Z, stop: 1970-01-01T00:00:01.000000001Z)"), flux);
        assertTrue(flux.contains("(r) => (r._measurement == \"x\") or (r._measurement == \"y\"))"), flux);
        assertTrue(flux.contains("(r) => r._measurement != \"z\")"), flux);
    }

    @Test
    void aQueryMustReadTheStretchItIsGiven() {
        assertThrows(ConfigException.class, () -> settings("query", "from(bucket: \"x\") |> range(start: -1h)"));
        settings("query", "from(bucket: \"$influxdb.bucket\") |> range(start: $startTimestamp, stop: $endTimestamp)");
    }

    @Test
    void rowsBecomeRecords() {
        final Row row = new Row("0", 1_500_000L, "m", Map.of("id", "g1"), Map.of("f", 1.5));
        final RowMapper mapper = new RowMapper(settings("key.tag", "id", "time.precision", "Microseconds",
            "topic.prefix", "p-", "topic.mapper", "measurement"));
        assertEquals("p-m", mapper.topic(row));
        assertEquals("g1", mapper.key(row));
        assertEquals(Map.of("time", 1500L, "measurement", "m", "id", "g1", "f", 1.5), mapper.value(row));
        assertEquals("alarms", new RowMapper(settings()).topic(row));
        assertEquals("x-alarms-m", new RowMapper(settings("topic.name.format", "x-${bucket}-${measurement}")).topic(row));
    }

    @Test
    void noNameTakesAnothersPlace() {
        final Row row = new Row("0", 1_000_000L, "m", Map.of("measurement", "a", "x", "b", "time", "c"),
            Map.of("x", 1L, "x_field", 2L, "result", 3L, "table", 4L));
        final Map<String, Object> value = new RowMapper(settings()).value(row);
        assertEquals(Map.of("time", 1L, "measurement", "m", "measurement_tag", "a", "time_tag", "c", "x", "b", "x_field", 2L,
            "x_field_field", 1L, "result", 3L, "table", 4L), value);
    }

    @Test
    void topicsHaveNamesThatKafkaCanHave() {
        assertEquals("sensor_data", new TopicName("${bucket}", "sensor data").of("m"));
        assertEquals("p-weather_station_1", new TopicName("p-${measurement}", "b").of("weather station/1"));
        assertEquals("_", new TopicName("${measurement}", "b").of(".."));
        assertEquals(249, new TopicName("${measurement}", "b").of("ü".repeat(300)).length());
        for (final String wrong : List.of("a b", "a/b", "é", "x".repeat(250), "..", "", "${nothing}")) {
            assertThrows(ConfigException.class, () -> settings("topic.name.format", wrong), wrong);
        }
        assertThrows(ConfigException.class, () -> settings("topic.prefix", "a/"));
    }

    @Test
    void timesReachBackBeforeTheEpoch() {
        assertEquals(Instant.parse("1677-09-22T00:00:00.5Z"), Nanos.instant(Nanos.of(Instant.parse("1677-09-22T00:00:00.5Z"))));
    }
}
