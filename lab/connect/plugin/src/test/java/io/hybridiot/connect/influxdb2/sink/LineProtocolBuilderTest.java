package io.hybridiot.connect.influxdb2.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.influxdb.client.domain.WritePrecision;
import com.influxdb.client.write.Point;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Our lines against those of the official client. */
class LineProtocolBuilderTest {
    private static final String LETTERS = "ab,= \"ü€𝄞'#${}";

    private static final Names NAMES = new Names();

    @Test
    void theSameTextAsTheOfficialClients() throws Exception {
        final Random random = new Random(11);
        for (int i = 0; i < 5000; i++) {
            compare(random);
        }
    }

    private static void compare(final Random random) throws BadRecordException {
        final String measurement = name(random);
        final Point point = Point.measurement(measurement);
        final LineProtocolBuilder line = new LineProtocolBuilder(NAMES);
        for (int tags = random.nextInt(4); tags > 0; tags--) {
            final String name = name(random) + tags;
            final String value = name(random);
            point.addTag(name, value);
            line.tag(name, value);
        }
        final TreeMap<String, Object> fields = new TreeMap<>();
        for (int count = 1 + random.nextInt(4); count > 0; count--) {
            fields.put(name(random), field(random));
        }
        for (final var field : fields.entrySet()) {
            add(point, line, field.getKey(), field.getValue());
        }
        final long time = random.nextLong();
        final String made = line.with(measurement, time);
        assertEquals(point.time(time, WritePrecision.NS).toLineProtocol(), made);
        readAgain(made, measurement, fields, time);
    }

    private static void readAgain(
            final String line, final String measurement, final TreeMap<String, Object> fields, final long time) {
        assertEquals(time, LineReader.time(line));
        fields.forEach((name, value) -> assertEquals(
            value instanceof Long ? "integer" : value instanceof Double ? "float" : value instanceof Boolean ? "boolean" : "string",
            LineReader.type(line, LineProtocolBuilder.escaped(measurement, false), LineProtocolBuilder.escaped(name, true)), () -> name + " in " + line));
    }

    private static void add(final Point point, final LineProtocolBuilder line, final String name, final Object value) throws BadRecordException {
        if (value instanceof Long number) {
            point.addField(name, number);
            line.field(name, number);
        } else if (value instanceof Double number) {
            point.addField(name, number);
            line.field(name, number);
        } else if (value instanceof Boolean flag) {
            point.addField(name, flag);
            line.field(name, flag);
        } else {
            point.addField(name, (String) value);
            line.field(name, (String) value);
        }
    }

    private static Object field(final Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> usual(random);
            case 2 -> random.nextBoolean();
            default -> name(random);
        };
    }

    /** Where the client writes digits and Java an exponent, the texts differ and the number does not. */
    private static double usual(final Random random) {
        return (random.nextDouble() + 0.01) * Math.pow(10, random.nextInt(7)) * (random.nextBoolean() ? 1 : -1);
    }

    /** Never empty and never with a backslash at its end, which line protocol cannot express. */
    private static String name(final Random random) {
        final StringBuilder name = new StringBuilder();
        random.ints(random.nextInt(6), 0, LETTERS.codePointCount(0, LETTERS.length()))
            .forEach(i -> name.appendCodePoint(LETTERS.codePointAt(LETTERS.offsetByCodePoints(0, i))));
        return "x" + name.append('x');
    }
}
