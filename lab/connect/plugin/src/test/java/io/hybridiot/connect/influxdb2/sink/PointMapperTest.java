package io.hybridiot.connect.influxdb2.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.ConfigException;
import org.junit.jupiter.api.Test;

class PointMapperTest {
    private static final Map<String, String> NO_HEADERS = Map.of();
    private static final SinkCounts COUNTS = new SinkCounts();

    private static PointMapper mapper(final String... settings) {
        final Map<String, String> properties = new HashMap<>(Map.of(
            "influxdb.url", "http://localhost:8086", "influxdb.token", "t",
            "influxdb.org.id", "o", "influxdb.bucket", "b"));
        for (int i = 0; i < settings.length; i += 2) {
            properties.put(settings[i], settings[i + 1]);
        }
        return new PointMapper(new SinkSettings(properties), COUNTS);
    }

    private static Map<String, Object> value(final Object... entries) {
        final Map<String, Object> value = new LinkedHashMap<>();
        for (int i = 0; i < entries.length; i += 2) {
            value.put((String) entries[i], entries[i + 1]);
        }
        return value;
    }

    private static String line(final PointMapper mapper, final Map<?, ?> value) throws BadRecordException {
        return mapper.line("topic", NO_HEADERS, 1500L, value);
    }

    private static String refusal(final PointMapper mapper, final Map<?, ?> value) {
        return assertThrows(BadRecordException.class, () -> line(mapper, value)).getMessage();
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
    void headersBecomeTags() throws Exception {
        final PointMapper mapper = mapper("measurement.name.format", "m", "tag.headers", "station,site", "tag.fields", "kind");
        final Map<String, Object> value = value("kind", "k", "f", 1.5, "station", "of the payload");
        assertEquals("m,kind=k,station=KX12 f=1.5 1500", mapper.line("t", Map.of("station", "KX12", "other", "o"), 1500L, value));
        assertEquals("m,kind=k f=1.5 1500", mapper.line("t", NO_HEADERS, 1500L, value));
        assertEquals("m,kind=k f=1.5 1500", mapper.line("t", Map.of("station", ""), 1500L, value));
        final PointMapper twice = mapper("measurement.name.format", "m", "tag.headers", "kind", "tag.fields", "kind");
        assertTrue(assertThrows(BadRecordException.class, () -> twice.line("t", Map.of("kind", "h"), 1500L, value))
            .getMessage().contains("tag 'kind' twice"));
        final PointMapper required = mapper("measurement.name.format", "m", "tag.headers", "station", "tags.required", "true");
        assertTrue(refusal(required, value("f", 1.5)).contains("it has no tag"));
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
        assertTrue(refusal(timed, value("measurement", "m", "f", 1, "at", 1.5)).contains("not a whole number"));
        assertTrue(refusal(timed, value("measurement", "m", "f", 1, "at", Long.MAX_VALUE)).contains("1677"));
        assertTrue(refusal(mapper(), value("measurement", "m", "tags", value("a", "1"))).contains("no field"));
        assertTrue(refusal(mapper(), value("measurement", "m", "f", Double.NaN)).contains("NaN"));
        assertTrue(refusal(mapper(), value("measurement", "m", "f", BigInteger.TWO.pow(64))).contains("64 bits"));
        assertTrue(refusal(mapper("tags.required", "true"), value("measurement", "m", "tags", Map.of(), "f", 1)).contains("no tag"));
        assertTrue(refusal(mapper(), value("measurement", "m", "tags", value("a", "x\\"), "f", 1)).contains("backslash"));
    }

    @Test
    void everyConnectTypeByARuleOrRefusedByName() throws Exception {
        final PointMapper tags = mapper("tag.fields", "v");
        final Object[][] rules = {
            {(byte) 1, "1i", "1"}, {(short) 2, "2i", "2"}, {3, "3i", "3"}, {4L, "4i", "4"}, {0.1f, "0.1", "0.1"}, {0.25, "0.25", "0.25"},
            {true, "true", "true"}, {"text", "\"text\"", "text"}, {new byte[] {1, 2}, "\"AQI=\"", "AQI\\="},
            {ByteBuffer.wrap(new byte[] {1, 2}), "\"AQI=\"", "AQI\\="}, {new BigDecimal("12.50"), "12.5", "12.50"},
            {new BigInteger("7"), "7i", "7"}, {new Date(1500), "1500i", "1970-01-01T00:00:01.500Z"}};
        for (final Object[] rule : rules) {
            assertEquals("m v=" + rule[1] + " 1500", line(mapper(), value("measurement", "m", "v", rule[0])));
            assertEquals("m,v=" + rule[2] + " f=1i 1500", line(tags, value("measurement", "m", "v", rule[0], "f", 1)));
        }
        for (final Object none : new Object[] {List.of(1), Map.of("a", 1), new Object()}) {
            assertTrue(refusal(tags, value("measurement", "m", "v", none, "f", 1)).contains("tag 'v' is neither"), none::toString);
        }
        assertTrue(refusal(mapper(), value("measurement", "m", "v", new Object())).contains("field 'v' is neither"));
    }

    @Test
    void aMapWithOtherNamesThanTextIsRefused() {
        assertTrue(refusal(mapper(), Map.of("measurement", "m", "f", 1, 5, 1)).contains("the name 5, which is not text"));
        assertTrue(refusal(mapper(), Map.of("measurement", "m", "f", 1, "tags", Map.of(5, 1))).contains("the name 5"));
    }

    @Test
    void namesThatInfluxDbOrFluxHideAreRefused() throws Exception {
        for (final String wrong : List.of("", "a\\", "a\nb", "a\rb", "\ta", "\0a", "a\\,b", "a\\ b", "a\\=b", "\uD800")) {
            assertTrue(refusal(mapper(), value("measurement", "m", wrong, 1)).contains("field name"), wrong);
            if (!wrong.isEmpty()) {
                assertTrue(refusal(mapper(), value("measurement", wrong, "f", 1)).contains("measurement name"), wrong);
            }
        }
        assertTrue(refusal(mapper(), value("measurement", "#m", "f", 1)).contains("comment"));
        assertTrue(refusal(mapper(), value("measurement", "m", "time", 1, "f", 1)).contains("field named time"));
        for (final String wrong : List.of("time", "_time", "_value", "_start", "_stop", "_field", "_measurement", "\0", "a\n", "a\\")) {
            assertThrows(BadRecordException.class, () -> line(mapper(), value("measurement", "m", "tags", value(wrong, "x"), "f", 1)), wrong);
        }
        for (final String wrong : List.of("a\nb", "a\rb", "a\\", "\uD800")) {
            assertThrows(BadRecordException.class, () -> line(mapper(), value("measurement", "m", "tags", value("t", wrong), "f", 1)), wrong);
        }
        assertTrue(refusal(mapper(), value("measurement", "m", "f", "\uD800")).contains("surrogate"));
        assertTrue(refusal(mapper("tag.fields", "a"), value("measurement", "m", "a", 1, "tags", value("a", "2"), "f", 1)).contains("twice"));
        assertTrue(refusal(mapper(), value("measurement", "x".repeat(66_000), "f", 1)).contains("65535"));
        assertTrue(refusal(mapper(), value("measurement", "m", "f", "x".repeat(1_048_577))).contains("1048576"));
        assertEquals("m\tm,t\tt=v\tv f\tf=1i 1500",
            line(mapper(), value("measurement", "m\tm", "tags", value("t\tt", "v\tv"), "f\tf", 1)));
    }

    @Test
    void aNumberNamedMeasurementIsAField() throws Exception {
        assertEquals("m measurement=5i 1500", line(mapper("measurement.name.format", "m"), value("measurement", 5)));
        assertEquals("m f=1i 1500", line(mapper("measurement.name.format", "m"), value("measurement", "own", "f", 1)));
    }

    @Test
    void typesOfFieldsAreKeptOrRefused() throws Exception {
        final PointMapper mapper = mapper("field.types", "fuel:float,seq:integer,on:boolean,note:string");
        assertEquals("m fuel=7.0,seq=4i,on=true,note=\"x\" 1500",
            line(mapper, value("measurement", "m", "fuel", 7L, "seq", 4.0, "on", true, "note", "x")));
        for (final Object[] wrong : new Object[][] {{"fuel", "7"}, {"fuel", true}, {"seq", 4.5}, {"seq", "4"}, {"on", 1L}, {"note", 5L},
                {"fuel", 9_007_199_254_740_993L}, {"seq", new BigInteger("9223372036854775808")}}) {
            assertTrue(refusal(mapper, value("measurement", "m", (String) wrong[0], wrong[1])).contains("'" + wrong[0] + "'"));
        }
        assertThrows(ConfigException.class, () -> mapper("field.types", "fuel"));
        assertThrows(ConfigException.class, () -> mapper("field.types", "fuel:number"));
    }

    @Test
    void timesOfManyForms() throws Exception {
        final PointMapper mapper = mapper("event.time.fieldname", "at", "write.precision", "Microseconds");
        for (final Object same : List.of(1_768_000_000_000_000L, 1.768e15, "2026-01-09T23:06:40Z", "2026-01-10T00:06:40+0100",
                "2026-01-10T00:06:40+01", "20260109T230640Z", "20260110T000640.0+0100", "2026-01-09T23:06:40,000000Z",
                "2026-01-09t23:06:40z", "2026-01-09 23:06:40+00:00")) {
            assertEquals("m f=1i 1768000000000000", line(mapper, value("measurement", "m", "f", 1, "at", same)), same::toString);
        }
        for (final Object wrong : List.of("2026-01-09T23:06:40", "2026-02-30T00:00:00Z", "2026-01-09", "1.5", 1.5, true, "", "soon", "9999-01-01T00:00:00Z")) {
            assertThrows(BadRecordException.class, () -> line(mapper, value("measurement", "m", "f", 1, "at", wrong)), wrong::toString);
        }
    }

    @Test
    void aTimeBefore2000IsCounted() throws Exception {
        final long before = COUNTS.getTimesBefore2000();
        line(mapper("event.time.fieldname", "at", "write.precision", "Microseconds"), value("measurement", "m", "f", 1, "at", 1_768_000_000L));
        assertEquals(before + 1, COUNTS.getTimesBefore2000());
    }

    @Test
    void objectsAndListsAreLeftOutAndCounted() throws Exception {
        final long before = COUNTS.getFieldsLeftOut();
        assertEquals("m f=1i 1500", line(mapper(), value("measurement", "m", "f", 1, "o", Map.of("a", 1), "l", List.of(1))));
        assertEquals(before + 2, COUNTS.getFieldsLeftOut());
    }

    @Test
    void integersAsFloatsWhenAsked() throws Exception {
        assertEquals("m f=500.0 1500", line(mapper("integers.as.floats", "true"), value("measurement", "m", "f", 500L)));
        assertTrue(refusal(mapper("integers.as.floats", "true"), value("measurement", "m", "f", 9_007_199_254_740_993L)).contains("exactly"));
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
