package io.hybridiot.connect.influxdb2.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.hybridiot.connect.influxdb2.RefusedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads one JSON value (RFC 8259) and nothing after it. */
public final class JsonReader {
    private static final JsonFactory FACTORY = JsonFactory.builder()
        .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION).enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER).build();
    private static final char REPLACEMENT = '\uFFFD';

    private JsonReader() {}

    /** The value. Throws RefusedException, saying why, when the bytes are not exactly one value. */
    public static Object read(final byte[] bytes) {
        try (JsonParser parser = FACTORY.createParser(text(bytes))) {
            if (parser.nextToken() == null) {
                throw new RefusedException("The payload is empty, not JSON.");
            }
            final Object value = value(parser);
            if (parser.nextToken() != null) {
                throw new RefusedException("The payload has more after its JSON value, in column "
                    + parser.currentTokenLocation().getColumnNr() + ".");
            }
            if (value == null) {
                throw new RefusedException("The payload is the JSON value null, which says nothing.");
            }
            return value;
        } catch (final JsonProcessingException e) {
            throw new RefusedException("The payload is not JSON: " + e.getOriginalMessage()
                + (e.getLocation() == null ? "" : " (column " + e.getLocation().getColumnNr() + ")"));
        } catch (final IOException e) {
            throw new RefusedException("The payload cannot be read: " + e.getMessage());
        }
    }

    /** Java puts a replacement character where bytes are no UTF-8; only then is it worth a stricter look. */
    private static String text(final byte[] bytes) throws CharacterCodingException {
        final String text = new String(bytes, StandardCharsets.UTF_8);
        if (text.indexOf(REPLACEMENT) < 0) {
            return text;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (final CharacterCodingException e) {
            throw new RefusedException("The payload is not JSON: it holds bytes that are not UTF-8.");
        }
    }

    private static Object value(final JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> object(parser);
            case START_ARRAY -> array(parser);
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> whole(parser);
            case VALUE_NUMBER_FLOAT -> decimal(parser);
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> null;
        };
    }

    private static Map<String, Object> object(final JsonParser parser) throws IOException {
        final Map<String, Object> object = new LinkedHashMap<>();
        int names = 0;
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            parser.nextToken();
            object.put(name, value(parser));
            if (object.size() != ++names) {
                throw new RefusedException("The payload has the name '" + name + "' twice in one object.");
            }
        }
        return object;
    }

    private static List<Object> array(final JsonParser parser) throws IOException {
        final List<Object> array = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            array.add(value(parser));
        }
        return array;
    }

    private static Number whole(final JsonParser parser) throws IOException {
        return parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
            ? parser.getBigIntegerValue() : (Number) parser.getLongValue();
    }

    /** The nearest 64-bit float; a number too large or too small for one would become another number. */
    private static Double decimal(final JsonParser parser) throws IOException {
        final double value = parser.getDoubleValue();
        if (Double.isInfinite(value) || value == 0 && parser.getDecimalValue().signum() != 0) {
            throw new RefusedException("The payload has the number " + parser.getText() + ", which no 64-bit float can hold.");
        }
        return value;
    }
}
