package io.hybridiot.connect.influxdb2.client;

/** Pieces of Flux source. */
public final class Flux {
    private Flux() {}

    /** A string literal (Flux language specification, String literals). */
    public static String text(final String value) {
        return "\"" + inText(value) + "\"";
    }

    /** What stands between the quotes of a string literal; a raw zero would end the whole script. */
    public static String inText(final String value) {
        final StringBuilder text = new StringBuilder(value.length());
        for (int i = 0; i < value.length(); i++) {
            final char c = value.charAt(i);
            if (c < ' ' || c == 0x7F) {
                text.append(String.format("\\x%02x", (int) c));
            } else if (c == '"' || c == '\\' || c == '$' && value.startsWith("{", i + 1)) {
                text.append('\\').append(c);
            } else {
                text.append(c);
            }
        }
        return text.toString();
    }

    /** A time literal, from nanoseconds since the epoch. */
    public static String time(final long nanos) {
        return Nanos.instant(nanos).toString();
    }
}
