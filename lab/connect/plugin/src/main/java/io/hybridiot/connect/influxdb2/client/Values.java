package io.hybridiot.connect.influxdb2.client;

import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Base64;

/** Texts of annotated CSV as Java values (InfluxDB documentation, Annotated CSV, Data types). */
final class Values {
    private static final int LONG_DIGITS = 18;

    private Values() {}

    /** The value; a type that is not known stays text. */
    static Object read(final String type, final String text) {
        return switch (type) {
            case "double" -> decimal(text);
            case "long" -> Long.valueOf(text);
            case "unsignedLong" -> unsigned(text);
            case "boolean" -> Boolean.valueOf(text);
            case "dateTime:RFC3339", "dateTime:RFC3339Nano", "dateTime" -> Nanos.instant(time(text));
            case "base64Binary" -> Base64.getDecoder().decode(text);
            default -> text;
        };
    }

    private static Double decimal(final String text) {
        return switch (text) {
            case "+Inf", "Inf" -> Double.POSITIVE_INFINITY;
            case "-Inf" -> Double.NEGATIVE_INFINITY;
            default -> Double.valueOf(text);
        };
    }

    private static Number unsigned(final String text) {
        return text.length() <= LONG_DIGITS ? Long.valueOf(text) : plain(new BigInteger(text));
    }

    private static Number plain(final BigInteger value) {
        return value.bitLength() < Long.SIZE ? (Number) value.longValue() : value;
    }

    /** Nanoseconds since the epoch of {@code 2026-01-01T00:00:00.5Z}; other forms are left to Java, which takes longer. */
    static long time(final String text) {
        final int end = text.length() - 1;
        if (end < 19 || text.charAt(end) != 'Z' || text.charAt(4) != '-' || text.charAt(10) != 'T') {
            return Nanos.of(Instant.parse(text));
        }
        final long day = LocalDate.of(digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10)).toEpochDay();
        final long second = digits(text, 11, 13) * 3600L + digits(text, 14, 16) * 60L + digits(text, 17, 19);
        long fraction = end == 19 ? 0 : digits(text, 20, end);
        for (int places = Math.max(0, end - 20); places < 9; places++) {
            fraction *= 10;
        }
        return Math.addExact(Math.multiplyExact(day * 86_400L + second, Nanos.PER_SECOND), fraction);
    }

    private static int digits(final String text, final int from, final int to) {
        return Integer.parseInt(text, from, to, 10);
    }
}
