package io.hybridiot.connect.influxdb2.sink;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The template of {@code measurement.name.format}: text with ${topic} and ${header.NAME} in it. */
public final class MeasurementName {
    private static final Pattern PLACE = Pattern.compile("\\$\\{([^}]*)}");
    private static final String HEADER = "header.";

    private final List<Part> parts;

    @FunctionalInterface
    private interface Part {
        String of(String topic, Map<String, String> headers) throws BadRecordException;
    }

    private MeasurementName(final List<Part> parts) {
        this.parts = parts;
    }

    /** Reads a template. Throws IllegalArgumentException when it holds a place that does not exist. */
    public static MeasurementName of(final String template) {
        final List<Part> parts = new ArrayList<>();
        final Matcher places = PLACE.matcher(template);
        int end = 0;
        while (places.find()) {
            text(template.substring(end, places.start()), parts);
            parts.add(place(places.group(1)));
            end = places.end();
        }
        text(template.substring(end), parts);
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("The name is empty. Leave the property out to use the record's own.");
        }
        return new MeasurementName(List.copyOf(parts));
    }

    private static void text(final String text, final List<Part> parts) {
        if (!text.isEmpty()) {
            parts.add((topic, headers) -> text);
        }
    }

    private static Part place(final String name) {
        if ("topic".equals(name)) {
            return (topic, headers) -> topic;
        }
        if (!name.startsWith(HEADER) || name.length() == HEADER.length()) {
            throw new IllegalArgumentException(
                "${" + name + "} is not known. Use ${topic} or ${header.NAME}, for example ${header.site}.");
        }
        final String header = name.substring(HEADER.length());
        return (topic, headers) -> {
            final String value = headers.get(header);
            if (value == null || value.isEmpty()) {
                throw new BadRecordException("the measurement's name needs header '" + header + "', which the record does not have");
            }
            return value;
        };
    }

    /** The name for one record. */
    public String of(final String topic, final Map<String, String> headers) throws BadRecordException {
        if (parts.size() == 1) {
            return parts.get(0).of(topic, headers);
        }
        final StringBuilder name = new StringBuilder();
        for (final Part part : parts) {
            name.append(part.of(topic, headers));
        }
        return name.toString();
    }
}
