package io.hybridiot.connect.influxdb2.client;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.config.ConfigDef;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Connect ignores properties that nobody defines; a misspelt one then does nothing. Each is logged with the name it resembles. */
public final class UnknownProperties {
    private static final Logger LOG = LoggerFactory.getLogger(UnknownProperties.class);
    /** What Connect itself reads of a connector's configuration. */
    private static final Set<String> OF_CONNECT = Set.of("name", "connector.class", "connector.plugin.version", "tasks.max",
        "tasks.max.enforce", "topics", "topics.regex", "transforms", "predicates", "config.action.reload", "exactly.once.support",
        "transaction.boundary", "transaction.boundary.interval.ms", "offsets.storage.topic", TaskProperties.TASK, TaskProperties.TASKS);
    private static final List<String> PREFIXES_OF_CONNECT = List.of("key.converter", "value.converter", "header.converter",
        "transforms.", "predicates.", "errors.", "topic.creation.", "consumer.override.", "producer.override.", "admin.override.");
    private static final int MOST_EDITS = 4;

    private UnknownProperties() {}

    /** Logs what nobody reads. */
    public static void warn(final ConfigDef definition, final Map<String, String> properties) {
        properties.keySet().stream().filter(name -> isUnknown(definition, name)).sorted().forEach(name -> LOG.warn(
            "Property {} is not known and does nothing.{}", name,
            nearest(definition, name).map(other -> " Is " + other + " meant?").orElse("")));
    }

    static boolean isUnknown(final ConfigDef definition, final String name) {
        return !definition.names().contains(name) && !OF_CONNECT.contains(name)
            && PREFIXES_OF_CONNECT.stream().noneMatch(name::startsWith);
    }

    /** The defined name that is the fewest edits away, if it is close. */
    static Optional<String> nearest(final ConfigDef definition, final String name) {
        return definition.names().stream().filter(known -> edits(name, known) <= Math.min(MOST_EDITS, name.length() / 2))
            .min(Comparator.comparingInt(known -> edits(name, known)));
    }

    /** Levenshtein's distance. */
    private static int edits(final String one, final String other) {
        int[] before = new int[other.length() + 1];
        for (int j = 0; j <= other.length(); j++) {
            before[j] = j;
        }
        for (int i = 1; i <= one.length(); i++) {
            final int[] row = new int[other.length() + 1];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                final int change = one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1;
                row[j] = Math.min(before[j - 1] + change, 1 + Math.min(before[j], row[j - 1]));
            }
            before = row;
        }
        return before[other.length()];
    }
}
