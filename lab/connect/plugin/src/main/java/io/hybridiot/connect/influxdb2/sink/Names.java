package io.hybridiot.connect.influxdb2.sink;

import io.hybridiot.connect.influxdb2.json.Surrogates;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * What line protocol cannot express, or InfluxDB 2 takes and does not give back (measured with 2.9.1): refused by name, so
 * that nothing is stored under another name or out of sight. Names come again with every record: the escaped form of those
 * that are in order is kept.
 */
final class Names {
    /** InfluxDB refuses the first four; the others hide behind Flux's own columns or fail every query of the bucket. */
    private static final Set<String> NO_TAGS =
        Set.of("time", "_measurement", "_field", "\0", "_time", "_value", "_start", "_stop");
    /** InfluxDB limits measurement, tags and a field's name together. */
    static final int LONGEST_KEY = 65_535;
    /** In UTF-16 units: UTF-8 takes three bytes for one at most. */
    static final int LONGEST_TEXT = 1_048_576;

    private static final int MOST_KEPT = 10_000;

    private final Map<String, String> measurements = new HashMap<>();
    private final Map<String, String> fields = new HashMap<>();
    private final Map<String, String> tags = new HashMap<>();

    /** Looks at a name; throws when it cannot be used. */
    @FunctionalInterface
    private interface Check {
        void of(String name) throws BadRecordException;
    }

    /** A measurement as it stands in a line. */
    String measurement(final String name) throws BadRecordException {
        return escaped(name, measurements, Names::checkMeasurement, false);
    }

    /** A field's name as it stands in a line. */
    String field(final String name) throws BadRecordException {
        return escaped(name, fields, Names::checkField, true);
    }

    /** A tag's name as it stands in a line. */
    String tag(final String name) throws BadRecordException {
        return escaped(name, tags, Names::checkTag, true);
    }

    private static String escaped(
            final String name, final Map<String, String> kept, final Check check, final boolean equalsToo) throws BadRecordException {
        final String known = kept.get(name);
        if (known != null) {
            return known;
        }
        check.of(name);
        final String escaped = LineProtocolBuilder.escaped(name, equalsToo);
        if (kept.size() < MOST_KEPT) {
            kept.put(name, escaped);
        }
        return escaped;
    }

    private static void checkMeasurement(final String name) throws BadRecordException {
        check("measurement", name);
        if (name.charAt(0) == '#') {
            throw new BadRecordException("measurement '" + name + "' begins with #, which makes the line a comment");
        }
        separators("measurement", name);
    }

    private static void checkField(final String name) throws BadRecordException {
        check("field", name);
        if ("time".equals(name)) {
            throw new BadRecordException("InfluxDB keeps no field named time; make it the point's time with " + SinkSettings.TIME_FIELD
                + ", or leave it out with " + SinkSettings.FIELDS_EXCLUDE);
        }
        separators("field", name);
    }

    private static void checkTag(final String name) throws BadRecordException {
        check("tag", name);
        if (NO_TAGS.contains(name)) {
            throw new BadRecordException("tag '" + name + "' has a name that InfluxDB and Flux keep for themselves");
        }
    }

    static void tagValue(final String name, final String value) throws BadRecordException {
        if (value.endsWith("\\")) {
            throw new BadRecordException("tag '" + name + "' ends with a backslash, which line protocol cannot express");
        }
        breaks("tag '" + name + "'", value);
    }

    private static void check(final String what, final String name) throws BadRecordException {
        if (name.isEmpty() || name.charAt(name.length() - 1) == '\\') {
            throw new BadRecordException(what + " name '" + name + "' is empty or ends with a backslash");
        }
        if (name.charAt(0) == '\t' || name.charAt(0) == '\0') {
            throw new BadRecordException(what + " name '" + name + "' begins with a tab or a zero, which InfluxDB leaves out");
        }
        breaks(what + " name '" + name + "'", name);
    }

    private static void breaks(final String where, final String text) throws BadRecordException {
        if (text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0) {
            throw new BadRecordException(where + " holds a line break, which line protocol cannot express");
        }
        if (Surrogates.isLone(text)) {
            throw new BadRecordException(where + " holds half of a surrogate pair, which is no character");
        }
    }

    /** A backslash before a separator, in a field's name also before a quote, would be taken for its escape. */
    private static void separators(final String what, final String name) throws BadRecordException {
        for (int at = name.indexOf('\\'); at >= 0; at = name.indexOf('\\', at + 1)) {
            final char next = name.charAt(at + 1);
            if (next == ',' || next == ' ' || next == '=' || next == '"') {
                throw new BadRecordException(what + " name '" + name + "' has a backslash before '" + next
                    + "', which line protocol cannot express");
            }
        }
    }
}
