package io.hybridiot.connect.influxdb2.json;

/** Java texts can hold half of a surrogate pair. It is no character, and in UTF-8 it would become a question mark. */
public final class Surrogates {
    private Surrogates() {}

    /** Whether one stands alone in the text. */
    public static boolean isLone(final String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i)) && !isPair(text, i++)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isPair(final String text, final int at) {
        return Character.isHighSurrogate(text.charAt(at)) && at + 1 < text.length()
            && Character.isLowSurrogate(text.charAt(at + 1));
    }
}
