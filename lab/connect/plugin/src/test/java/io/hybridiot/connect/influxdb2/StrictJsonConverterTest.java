package io.hybridiot.connect.influxdb2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.json.JsonConverter;
import org.junit.jupiter.api.Test;

class StrictJsonConverterTest {
    private final StrictJsonConverter converter = new StrictJsonConverter();

    private Object read(final String json) {
        return converter.toConnectData("t", json.getBytes(StandardCharsets.UTF_8)).value();
    }

    private String refusal(final String json) {
        return refusal(json.getBytes(StandardCharsets.UTF_8));
    }

    private String refusal(final byte[] bytes) {
        final DataException refused = assertThrows(DataException.class, () -> converter.toConnectData("t", bytes));
        assertEquals(0, refused.getStackTrace().length, "no stack trace in every dead letter");
        return refused.getMessage();
    }

    private String written(final Object value) {
        return new String(converter.fromConnectData("t", null, value), StandardCharsets.UTF_8);
    }

    @Test
    void wholeNumbersAreExactOrRefused() {
        assertEquals(9_007_199_254_740_993L, read("9007199254740993"));
        assertEquals(Long.MIN_VALUE, read("-9223372036854775808"));
        assertEquals(new BigInteger("9223372036854775808"), read("9223372036854775808"));
        assertEquals(new BigInteger("18446744073709551615"), read("18446744073709551615"));
        assertTrue(refusal("1" + "0".repeat(2000)).contains("not JSON"));
    }

    @Test
    void decimalsAreTheNearestFloatOrRefused() {
        assertEquals(0.1, read("0.1"));
        assertEquals(1000.0, read("1e3"));
        assertEquals(0.0, read("0.000e-400"));
        assertTrue(refusal("{\"x\":1e400}").contains("1e400"));
        assertTrue(refusal("[1e-400]").contains("1e-400"));
    }

    @Test
    void onePayloadIsOneValue() {
        assertEquals(Map.of("a", 1L), read(" {\"a\":1}\r\n\t "));
        for (final String more : List.of("{\"a\":1}{\"a\":2}", "{\"a\":1}\n{\"a\":2}", "{\"a\":1} x", "1 2", "[1],")) {
            refusal(more);
        }
        assertTrue(refusal("{\"a\":1}{\"a\":2}").contains("more after its JSON value"));
        refusal("{\"a\":1}\0");
        refusal("\uFEFF{}");
    }

    @Test
    void whatIsNotJsonIsRefusedWithAReason() {
        assertTrue(refusal("").contains("empty"));
        assertTrue(refusal("not json").contains("Unrecognized token 'not'"));
        assertTrue(refusal("null").contains("null"));
        assertTrue(refusal("{\"a\":1,\"a\":2}").contains("'a' twice"));
        assertTrue(refusal("{\"a\":null,\"a\":2}").contains("'a' twice"));
        assertTrue(refusal(new byte[] {'"', (byte) 0xC3, '"'}).contains("UTF-8"));
        assertTrue(refusal(new byte[] {'"', (byte) 0xC0, (byte) 0x80, '"'}).contains("UTF-8"));
        for (final String wrong : List.of("{", "[1", "{a:1}", "{'a':1}", "NaN", "+1", "01", "1.", ".5", "{\"a\":1,}", "\"\n\"", "//x\n1",
                "\u00001", "tru", "[".repeat(5000))) {
            assertTrue(refusal(wrong).startsWith("The payload is not JSON"), wrong);
        }
    }

    @Test
    void aRealReplacementCharacterIsText() {
        assertEquals("a\uFFFDb", read("\"a\uFFFDb\""));
    }

    @Test
    void aTombstoneStaysOne() {
        assertNull(converter.toConnectData("t", null).value());
        assertNull(converter.fromConnectData("t", null, null));
    }

    @Test
    void whatIsReadIsWrittenAgain() {
        final Random random = new Random(Long.getLong("json.seed", 5));
        for (int i = 0; i < 5000; i++) {
            final Object value = random(random, 3);
            assertEquals(value, read(written(value)), () -> written(value));
        }
    }

    private static Object random(final Random random, final int depth) {
        return switch (random.nextInt(depth > 0 ? 8 : 6)) {
            case 0 -> random.nextLong() >> random.nextInt(64);
            case 1 -> new BigInteger(70, random).setBit(64);
            case 2 -> Double.longBitsToDouble(random.nextLong() & ~(1L << 62));
            case 3 -> random.nextBoolean();
            case 4, 5 -> text(random);
            case 6 -> {
                final List<Object> list = new ArrayList<>();
                random.ints(random.nextInt(4)).forEach(n -> list.add(random(random, depth - 1)));
                yield list;
            }
            default -> {
                final Map<String, Object> map = new LinkedHashMap<>();
                random.ints(random.nextInt(4)).forEach(n -> map.put(text(random), random(random, depth - 1)));
                yield map;
            }
        };
    }

    private static String text(final Random random) {
        final StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(8); i > 0; i--) {
            final int c = random.nextBoolean() ? random.nextInt(0x80) : random.nextInt(0x110000);
            text.appendCodePoint(c >= 0xD800 && c < 0xE000 ? '\u2028' : c);
        }
        return text.toString();
    }

    @Test
    void connectsOtherTypesHaveAJsonFormOrAreRefused() {
        assertEquals("\"AQI=\"", written(new byte[] {1, 2}));
        assertEquals("\"AQI=\"", written(ByteBuffer.wrap(new byte[] {1, 2})));
        assertEquals("99", written(new Date(99)));
        assertEquals("0.1", written(0.1f));
        assertEquals("12.50", written(new BigDecimal("12.50")));
        final Schema schema = SchemaBuilder.struct().field("a", Schema.INT8_SCHEMA).field("b", Schema.OPTIONAL_STRING_SCHEMA).build();
        assertEquals("{\"a\":5,\"b\":null}", written(new Struct(schema).put("a", (byte) 5)));
        assertArrayEquals("{}".getBytes(StandardCharsets.UTF_8), converter.fromConnectData("t", null, Map.of()));
        for (final Object wrong : List.of(Double.NaN, Float.POSITIVE_INFINITY, Map.of(1, 2), new Object(), "\uD800")) {
            assertThrows(DataException.class, () -> written(wrong), wrong::toString);
        }
    }

    /** The table of docs/connectors.md, about Connect's own converter. */
    @Test
    void theStockConverterChangesWhatItReads() {
        final JsonConverter stock = new JsonConverter();
        stock.configure(Map.of("schemas.enable", false), false);
        assertEquals(-1L, stock.toConnectData("t", bytes("18446744073709551615")).value());
        assertEquals(Double.POSITIVE_INFINITY, stock.toConnectData("t", bytes("1e400")).value());
        assertEquals(0.0, stock.toConnectData("t", bytes("1e-400")).value());
        for (final String more : List.of("{\"a\":1}{\"a\":2}", "{\"a\":1} x", "{\"a\":1}\0")) {
            assertEquals(Map.of("a", 1L), stock.toConnectData("t", bytes(more)).value(), more);
        }
        assertEquals(Map.of("a", 2L), stock.toConnectData("t", bytes("{\"a\":1,\"a\":2}")).value());
        assertNull(stock.toConnectData("t", bytes("null")).value());
        assertNull(stock.toConnectData("t", bytes("")).value());
        stock.configure(Map.of("schemas.enable", true), false);
        assertEquals((byte) 44, stock.toConnectData("t", bytes("{\"schema\":{\"type\":\"int8\"},\"payload\":300}")).value());
    }

    private static byte[] bytes(final String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void envelopesAreNotItsBusiness() {
        final Map<String, Object> configs = new HashMap<>();
        converter.configure(configs, false);
        configs.put("schemas.enable", "false");
        converter.configure(configs, false);
        configs.put("schemas.enable", "true");
        assertTrue(assertThrows(ConfigException.class, () -> converter.configure(configs, false)).getMessage().contains("envelopes"));
    }
}
