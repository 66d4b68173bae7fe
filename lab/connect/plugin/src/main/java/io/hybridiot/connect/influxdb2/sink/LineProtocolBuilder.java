package io.hybridiot.connect.influxdb2.sink;

import io.hybridiot.connect.influxdb2.json.Surrogates;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * Builds one line of line protocol (InfluxDB 2 documentation, Line protocol).
 *
 * <p>The official client's Point makes the same text, tabs in names and tags apart, which a test holds it to, but took more
 * than three times the CPU time, in the sink's busiest loop.
 */
final class LineProtocolBuilder {
    private static final int USUAL_LENGTH = 160;

    private final Names names;
    private final StringBuilder fields = new StringBuilder(USUAL_LENGTH);
    private TreeMap<String, String> more;
    private String tagName;
    private String tagValue;
    private int longestField;

    LineProtocolBuilder(final Names names) {
        this.names = names;
    }

    /** Adds a tag. Throws BadRecord when line protocol cannot express it. */
    void tag(final String name, final String value) throws BadRecordException {
        Names.tagValue(name, value);
        if (tagName == null) {
            tagName = name;
            tagValue = value;
            return;
        }
        if (more == null) {
            more = new TreeMap<>();
            more.put(tagName, tagValue);
        }
        if (more.put(name, value) != null) {
            throw new BadRecordException("it has tag '" + name + "' twice");
        }
    }

    void field(final String name, final long value) throws BadRecordException {
        key(name).append(value).append('i');
    }

    void field(final String name, final double value) throws BadRecordException {
        key(name).append(value);
    }

    void field(final String name, final boolean value) throws BadRecordException {
        key(name).append(value);
    }

    void field(final String name, final String value) throws BadRecordException {
        checkText(name, value);
        key(name).append('"');
        for (int i = 0; i < value.length(); i++) {
            final char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                fields.append('\\');
            }
            fields.append(c);
        }
        fields.append('"');
    }

    private static void checkText(final String name, final String value) throws BadRecordException {
        if (value.length() > Names.LONGEST_TEXT / 3
                && value.getBytes(StandardCharsets.UTF_8).length > Names.LONGEST_TEXT) {
            throw new BadRecordException("field '" + name + "' is a text beyond " + Names.LONGEST_TEXT + " bytes");
        }
        if (Surrogates.isLone(value)) {
            throw new BadRecordException("field '" + name + "' holds half of a surrogate pair, which is no character");
        }
    }

    private StringBuilder key(final String name) throws BadRecordException {
        if (!fields.isEmpty()) {
            fields.append(',');
        }
        final String escaped = names.field(name);
        longestField = Math.max(longestField, escaped.length());
        return fields.append(escaped).append('=');
    }

    boolean hasTags() {
        return tagName != null;
    }

    boolean hasFields() {
        return !fields.isEmpty();
    }

    /** The whole line; tags are sorted, which InfluxDB takes fastest. */
    String with(final String measurement, final long time) throws BadRecordException {
        final StringBuilder line = new StringBuilder(USUAL_LENGTH + fields.length()).append(names.measurement(measurement));
        if (more != null) {
            for (final Map.Entry<String, String> tag : more.entrySet()) {
                tag(line, tag.getKey(), tag.getValue());
            }
        } else if (tagName != null) {
            tag(line, tagName, tagValue);
        }
        checkLength(line);
        return line.append(' ').append(fields).append(' ').append(time).toString();
    }

    private void checkLength(final StringBuilder key) throws BadRecordException {
        // Characters first: only a key that might be too long has its bytes counted.
        if (key.length() + longestField > Names.LONGEST_KEY / 4
                && key.toString().getBytes(StandardCharsets.UTF_8).length + 3 * longestField + 4 > Names.LONGEST_KEY) {
            throw new BadRecordException("measurement, tags and field name are longer than " + Names.LONGEST_KEY + " bytes together");
        }
    }

    private void tag(final StringBuilder line, final String name, final String value) throws BadRecordException {
        escaped(value, true, line.append(',').append(names.tag(name)).append('='));
    }

    /** A name as it stands in a line. */
    static String escaped(final String text, final boolean equalsToo) {
        return escaped(text, equalsToo, new StringBuilder(text.length())).toString();
    }

    /** Escapes separators. A tab stays one: the two letters that the client writes would be another name. */
    private static StringBuilder escaped(final String text, final boolean equalsToo, final StringBuilder into) {
        for (int i = 0; i < text.length(); i++) {
            final char c = text.charAt(i);
            if (c == ',' || c == ' ' || c == '=' && equalsToo) {
                into.append('\\');
            }
            into.append(c);
        }
        return into;
    }
}
