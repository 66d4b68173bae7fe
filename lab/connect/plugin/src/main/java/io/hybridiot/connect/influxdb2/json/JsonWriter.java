package io.hybridiot.connect.influxdb2.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.util.ByteArrayBuilder;
import io.hybridiot.connect.influxdb2.RefusedException;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Date;
import java.util.Map;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Struct;

/**
 * Writes Connect's values as JSON: structs and maps as objects, numbers with every digit, bytes in Base64, times as
 * milliseconds since the epoch, as JsonConverter does.
 */
public final class JsonWriter {
    private static final JsonFactory FACTORY =
        JsonFactory.builder().enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN).build();

    private JsonWriter() {}

    /** The value in UTF-8. Throws RefusedException, naming it, when a value has no JSON form. */
    public static byte[] write(final Object value) {
        final ByteArrayBuilder bytes = new ByteArrayBuilder();
        try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
            write(json, value);
        } catch (final IOException e) {
            throw new RefusedException("A value cannot be written as JSON: " + e.getMessage());
        }
        return bytes.toByteArray();
    }

    private static void write(final JsonGenerator json, final Object value) throws IOException {
        if (value == null) {
            json.writeNull();
        } else if (value instanceof CharSequence text) {
            json.writeString(whole(text.toString()));
        } else if (value instanceof Number number) {
            number(json, number);
        } else if (value instanceof Boolean flag) {
            json.writeBoolean(flag);
        } else if (value instanceof Map<?, ?> map) {
            object(json, map);
        } else {
            other(json, value);
        }
    }

    private static String whole(final String text) {
        if (Surrogates.isLone(text)) {
            throw new RefusedException("A text holds half of a surrogate pair, which is no character: it has no JSON form.");
        }
        return text;
    }

    private static void other(final JsonGenerator json, final Object value) throws IOException {
        if (value instanceof Struct struct) {
            struct(json, struct);
        } else if (value instanceof Collection<?> list) {
            json.writeStartArray();
            for (final Object item : list) {
                write(json, item);
            }
            json.writeEndArray();
        } else if (value instanceof byte[] bytes) {
            json.writeBinary(bytes);
        } else if (value instanceof ByteBuffer buffer) {
            final byte[] bytes = new byte[buffer.remaining()];
            buffer.duplicate().get(bytes);
            json.writeBinary(bytes);
        } else if (value instanceof Date date) {
            json.writeNumber(date.getTime());
        } else {
            throw new RefusedException("A value of " + value.getClass().getName() + " has no JSON form.");
        }
    }

    private static void number(final JsonGenerator json, final Number number) throws IOException {
        if (number instanceof Long || number instanceof Integer || number instanceof Short || number instanceof Byte) {
            json.writeNumber(number.longValue());
        } else if (number instanceof BigInteger whole) {
            json.writeNumber(whole);
        } else if (number instanceof BigDecimal decimal) {
            json.writeNumber(decimal);
        } else if (!Double.isFinite(number.doubleValue())) {
            throw new RefusedException("The number " + number + " has no JSON form.");
        } else if (number instanceof Float small) {
            json.writeNumber(small);
        } else {
            json.writeNumber(number.doubleValue());
        }
    }

    private static void object(final JsonGenerator json, final Map<?, ?> map) throws IOException {
        json.writeStartObject();
        for (final Map.Entry<?, ?> entry : map.entrySet()) {
            if (!(entry.getKey() instanceof String name)) {
                throw new RefusedException("A map has the key " + entry.getKey() + ", which is not text: it has no JSON form.");
            }
            json.writeFieldName(whole(name));
            write(json, entry.getValue());
        }
        json.writeEndObject();
    }

    private static void struct(final JsonGenerator json, final Struct struct) throws IOException {
        json.writeStartObject();
        for (final Field field : struct.schema().fields()) {
            json.writeFieldName(field.name());
            write(json, struct.get(field));
        }
        json.writeEndObject();
    }
}
