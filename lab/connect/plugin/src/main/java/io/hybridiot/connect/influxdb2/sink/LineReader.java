package io.hybridiot.connect.influxdb2.sink;

/** Reads parts of a line that {@link LineProtocolBuilder} built, when InfluxDB refused some line of a request. */
final class LineReader {
    private final String line;
    private int at;

    private LineReader(final String line, final int at) {
        this.line = line;
        this.at = at;
    }

    /** The point's time, in the unit it was written in. */
    static long time(final String line) {
        return Long.parseLong(line, line.lastIndexOf(' ') + 1, line.length(), 10);
    }

    /**
     * The type of a field in InfluxDB's words; null when the line is of another measurement or lacks the field.
     *
     * @param measurement as it stands in a line, escaped
     * @param field as it stands in a line, escaped
     */
    static String type(final String line, final String measurement, final String field) {
        final int end = measurement.length();
        if (!line.startsWith(measurement) || line.charAt(end) != ',' && line.charAt(end) != ' ') {
            return null;
        }
        final LineReader reader = new LineReader(line, end - 1);
        reader.pass(' ', ' ');
        return reader.typeOf(field);
    }

    private String typeOf(final String field) {
        while (true) {
            final int start = at + 1;
            pass('=', '=');
            final boolean found = at - start == field.length() && line.startsWith(field, start);
            final String type = value();
            if (found) {
                return type;
            }
            if (line.charAt(at) == ' ') {
                return null;
            }
        }
    }

    /** Passes the value after an equals sign; returns its type. */
    private String value() {
        final char first = line.charAt(++at);
        if (first == '"') {
            passText();
            return "string";
        }
        pass(',', ' ');
        final char last = line.charAt(at - 1);
        if (first == 't' || first == 'f') {
            return "boolean";
        }
        return last == 'i' ? "integer" : last == 'u' ? "unsigned" : "float";
    }

    /** Goes on to the next of two separators that has no backslash before it, beginning behind the present place. */
    private void pass(final char one, final char other) {
        at++;
        while (line.charAt(at) != one && line.charAt(at) != other || line.charAt(at - 1) == '\\') {
            at++;
        }
    }

    /** Goes on behind the text that begins here; in a text a backslash makes the next character one of it. */
    private void passText() {
        at++;
        while (line.charAt(at) != '"') {
            at += line.charAt(at) == '\\' ? 2 : 1;
        }
        at++;
    }
}
