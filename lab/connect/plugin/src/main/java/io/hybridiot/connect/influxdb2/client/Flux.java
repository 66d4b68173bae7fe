package io.hybridiot.connect.influxdb2.client;

/** Pieces of Flux source. */
public final class Flux {
    private Flux() {}

    /** A string literal (Flux language specification, String literals). */
    public static String text(final String value) {
        return "\"" + inText(value) + "\"";
    }

    /** What stands between the quotes of a string literal. */
    public static String inText(final String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("${", "\\${");
    }

    /** A time literal, from nanoseconds since the epoch. */
    public static String time(final long nanos) {
        return Nanos.instant(nanos).toString();
    }
}
