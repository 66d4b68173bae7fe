package io.hybridiot.connect.influxdb2.sink;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Date;

/** Values as text, each Connect type by a rule of its own: never an object's address or the worker's language. */
final class Texts {
    private Texts() {}

    /** The text of a scalar. Throws BadRecord, naming it, for anything else. */
    static String of(final String what, final String name, final Object value) throws BadRecordException {
        if (value instanceof CharSequence || value instanceof Boolean) {
            return value.toString();
        }
        if (value instanceof BigDecimal decimal) {
            return decimal.toPlainString();
        }
        if (value instanceof Number) {
            return value.toString();
        }
        if (value instanceof Date date) {
            return date.toInstant().toString();
        }
        final String bytes = base64(value);
        if (bytes != null) {
            return bytes;
        }
        throw new BadRecordException(what + " '" + name + "' is neither text nor a number, but " + kind(value));
    }

    /** Bytes in Base64; null when the value is none. */
    static String base64(final Object value) {
        if (value instanceof byte[] bytes) {
            return Base64.getEncoder().encodeToString(bytes);
        }
        if (value instanceof ByteBuffer buffer) {
            final byte[] bytes = new byte[buffer.remaining()];
            buffer.duplicate().get(bytes);
            return Base64.getEncoder().encodeToString(bytes);
        }
        return null;
    }

    private static String kind(final Object value) {
        return value instanceof java.util.Map ? "an object" : value instanceof Iterable ? "a list" : value.getClass().getName();
    }
}
