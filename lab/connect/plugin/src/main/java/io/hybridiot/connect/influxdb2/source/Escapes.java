package io.hybridiot.connect.influxdb2.source;

/**
 * Line breaks in the texts of an answer. InfluxDB writes {@code \r\n} for a line feed and leaves out carriage returns; so Flux is
 * asked to write both, and backslashes, as two letters.
 */
final class Escapes {
    /** Flux that does so with {@code _value}; needs {@code import "strings"}. */
    static final String FLUX = "\n  |> map(fn: (r) => ({r with _value: strings.replaceAll(v: strings.replaceAll(v: strings.replaceAll("
        + "v: r._value, t: \"\\\\\", u: \"\\\\\\\\\"), t: \"\\n\", u: \"\\\\n\"), t: \"\\r\", u: \"\\\\r\")}))";

    private Escapes() {}

    /** The text that Flux escaped. */
    static String undo(final String text) {
        final StringBuilder plain = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            final char c = text.charAt(i);
            if (c != '\\' || i + 1 == text.length()) {
                plain.append(c);
                continue;
            }
            final char next = text.charAt(++i);
            plain.append(next == 'n' ? '\n' : next == 'r' ? '\r' : next);
        }
        return plain.toString();
    }
}
