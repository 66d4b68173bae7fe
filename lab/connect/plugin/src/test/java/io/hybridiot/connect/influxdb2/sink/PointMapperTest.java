package io.hybridiot.connect.influxdb2.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PointMapperTest {
    private static final Map<String, String> NO_HEADERS = Map.of();

    private static PointMapper mapper(final String... settings) {
        final Map<String, String> properties = new HashMap<>(Map.of(
            "influxdb.url", "http://localhost:8086", "influxdb.token", "t",
            "influxdb.org.id", "o", "influxdb.bucket", "b"));
        for (int i = 0; i < settings.length; i += 2) {
            properties.put(settings[i], settings[i + 1]);
        }
        return new PointMapper(new SinkSettings(properties));
    }

    private static Map<String, Object> value(final Object... entries) {
        final Map<String, Object> value = new LinkedHashMap<>();
        for (int i = 0; i < entries.length; i += 2) {
            value.put((String) entries[i], entries[i + 1]);
        }
        return value;
    }

    private static String line(final PointMapper mapper, final Map<String, Object> value) throws BadRecord {
        return mapper.line("topic", NO_HEADERS, 1500L, value);
    }

    private static String refusal(final PointMapper mapper, final Map<String, Object> value) {
        return assertThrows(BadRecord.class, () -> line(mapper, value)).getMessage();
    }

    @Test
    void aRecordOfTheConfluentShape() throws Exception {
        final Map<String, Object> value = value(
            "measurement", "m", "tags", value("b", "2", "a", "1", "none", null), "f", 1.5, "n", 3L, "t", true,
            "s", "text", "nothing", null, "deep", List.of(1));
        assertEquals("m,a=1,b=2 f=1.5,n=3i,t=true,s=\"text\" 1500", line(mapper(), value));
    }

    @Test
    void aReading() throws Exception {
        final PointMapper mapper = mapper("measurement.name.format", "genData", "event.time.fieldname", "time",
            "write.precision", "Microseconds", "tag.fields", "generatorID", "fields.exclude", "seq");
        assertEquals("genData,generatorID=g1 fuel=500.0 1700000000000001",
            line(mapper, value("generatorID", "g1", "time", 1700000000000001L, "seq", 4L, "fuel", 500.0)));
    }

    @Test
    void theRecordsTimestampInEveryUnit() throws Exception {
        assertEquals("m f=1i 1", line(mapper("write.precision", "Seconds"), value("measurement", "m", "f", 1)));
        assertEquals("m f=1i 1500000000", line(mapper("write.precision", "Nanoseconds"), value("measurement", "m", "f", 1)));
    }

    @Test
    void timesAsTextAndAsConnectsTimestamp() throws Exception {
        final PointMapper mapper = mapper("event.time.fieldname", "at");
        assertEquals("m f=1i 1767225600000", line(mapper, value("measurement", "m", "f", 1, "at", "2026-01-01T01:00:00+01:00")));
        assertEquals("m f=1i 99", line(mapper, value("measurement", "m", "f", 1, "at", new Date(99))));
    }

    @Test
    void refusalsSayWhy() {
        final PointMapper timed = mapper("event.time.fieldname", "at");
        assertTrue(refusal(mapper(), value("f", 1)).contains("names no measurement"));
        assertTrue(refusal(mapper(), value("measurement", 5, "f", 1)).contains("names no measurement"));
        assertTrue(refusal(timed, value("measurement", "m", "f", 1)).contains("'at' is missing"));
        assertTrue(refusal(timed, value("measurement", "m", "f", 1, "at", "yesterday")).contains("ISO 8601"));
        assertTrue(refusal(timed, value("measurement", "m", "f", 1, "at", 1.5)).contains("neither a whole number nor text"));
        assertTrue(refusal(timed, value("measurement", "m", "f", 1, "at", Long.MAX_VALUE)).contains("1677"));
        assertTrue(refusal(mapper(), value("measurement", "m", "tags", value("a", "1"))).contains("no field"));
        assertTrue(refusal(mapper(), value("measurement", "m", "f", Double.NaN)).contains("NaN"));
        assertTrue(refusal(mapper(), value("measurement", "m", "f", BigInteger.TWO.pow(64))).contains("64 bits"));
        assertTrue(refusal(mapper("tags.required", "true"), value("measurement", "m", "tags", Map.of(), "f", 1)).contains("no tag"));
        assertTrue(refusal(mapper(), value("measurement", "m", "tags", value("a", "x\\"), "f", 1)).contains("backslash"));
    }

    @Test
    void integersAsFloatsWhenAsked() throws Exception {
        assertEquals("m f=500.0 1500", line(mapper("integers.as.floats", "true"), value("measurement", "m", "f", 500L)));
    }

    @Test
    void theMeasurementFromTopicAndHeaders() throws Exception {
        final PointMapper mapper = mapper("measurement.name.format", "${topic}-${header.site}");
        assertEquals("topic-north f=1i 1500", mapper.line("topic", Map.of("site", "north"), 1500L, value("f", 1)));
        assertTrue(refusal(mapper, value("f", 1)).contains("header 'site'"));
        assertThrows(IllegalArgumentException.class, () -> MeasurementName.of("${nonsense}"));
        assertThrows(IllegalArgumentException.class, () -> MeasurementName.of(""));
    }
}
