package io.hybridiot.connect.influxdb2.source;

import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigException;

/**
 * The topic of a row: text with ${bucket} and ${measurement} in it.
 *
 * <p>A topic's name holds letters, digits, dots, underscores and hyphens, at most 249. Buckets and measurements may be called
 * anything: in their names every other character becomes an underscore.
 */
final class TopicName {
    private static final Pattern PLACE = Pattern.compile("\\$\\{(bucket|measurement)}");
    private static final Pattern ILLEGAL = Pattern.compile("[^a-zA-Z0-9._-]");
    private static final int LONGEST = 249;

    private final String template;
    private final String bucket;

    TopicName(final String template, final String bucket) {
        this.template = template;
        this.bucket = legal(bucket);
    }

    /** A validator: what a person wrote is not changed but refused. */
    static void check(final String name, final Object value) {
        if (value == null) {
            return;
        }
        final String text = PLACE.matcher((String) value).replaceAll("x");
        if (ILLEGAL.matcher(text).find() || text.length() > LONGEST || ".".equals(text) || "..".equals(text)) {
            throw new ConfigException(name, value, "A topic's name holds letters, digits, dots, underscores and hyphens, at most "
                + LONGEST + " in all; ${bucket} and ${measurement} stand for names.");
        }
        if (SourceSettings.TOPIC.equals(name) && text.isEmpty()) {
            throw new ConfigException(name, value, "The name is empty. Leave the property out to use prefix and mapper.");
        }
    }

    /** The topic for rows of a measurement, or of none. */
    String of(final String measurement) {
        final String name = template.replace("${bucket}", bucket)
            .replace("${measurement}", legal(measurement == null ? "none" : measurement));
        final String cut = name.length() > LONGEST ? name.substring(0, LONGEST) : name;
        return cut.isEmpty() || ".".equals(cut) || "..".equals(cut) ? "_" : cut;
    }

    private static String legal(final String name) {
        return ILLEGAL.matcher(name).replaceAll("_");
    }
}
