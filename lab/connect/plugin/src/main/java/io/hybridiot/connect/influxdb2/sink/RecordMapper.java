package io.hybridiot.connect.influxdb2.sink;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.header.Headers;
import org.apache.kafka.connect.sink.SinkRecord;

/** Takes a record of Connect apart into the plain values that {@link PointMapper} works on. */
final class RecordMapper {
    private final PointMapper points;

    RecordMapper(final PointMapper points) {
        this.points = points;
    }

    String line(final SinkRecord record) throws BadRecordException {
        return points.line(record.topic(), headers(record.headers()), record.timestamp(), value(record.value()));
    }

    private static Map<?, ?> value(final Object value) throws BadRecordException {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        if (value instanceof Struct struct) {
            return plain(struct);
        }
        throw new BadRecordException("its value is " + value.getClass().getSimpleName()
            + " and not an object with fields: check value.converter");
    }

    private static Map<String, Object> plain(final Struct struct) {
        final Map<String, Object> values = new LinkedHashMap<>();
        for (final Field field : struct.schema().fields()) {
            final Object value = struct.get(field);
            values.put(field.name(), value instanceof Struct inner ? plain(inner) : value);
        }
        return values;
    }

    /** The last header of each name, as text; bytes are taken for UTF-8. */
    static Map<String, String> headers(final Headers headers) {
        if (headers.isEmpty()) {
            return Map.of();
        }
        final Map<String, String> texts = new HashMap<>();
        for (final Header header : headers) {
            if (header.value() != null) {
                texts.put(header.key(), header.value() instanceof byte[] bytes
                    ? new String(bytes, StandardCharsets.UTF_8) : text(header));
            }
        }
        return texts;
    }

    /** A header that no name needs may hold anything. */
    private static String text(final Header header) {
        try {
            return Texts.of("header", header.key(), header.value());
        } catch (final BadRecordException e) {
            return "";
        }
    }
}
