package io.hybridiot.connect.influxdb2;

import io.hybridiot.connect.influxdb2.sink.SinkSettings;
import io.hybridiot.connect.influxdb2.source.SourceSettings;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigDef;

/** Prints the reference page of both connectors, in Markdown, from their ConfigDef. */
public final class Reference {
    private Reference() {}

    public static void main(final String[] arguments) {
        final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        out.print(page());
    }

    static String page() {
        return "# Connector reference\n\n"
            + "Version " + Version.get() + ". Made from the connectors' own definitions by\n"
            + "`python -m lab.authoring.connectors_reference`; do not edit. What the settings are good for: [connectors.md](connectors.md).\n"
            + "\n## InfluxDB2Sink\n" + table(SinkSettings.definition())
            + "\n## InfluxDB2Source\n" + table(SourceSettings.definition());
    }

    private static String table(final ConfigDef definition) {
        final List<ConfigDef.ConfigKey> keys = definition.configKeys().values().stream()
            .sorted(Comparator.comparing((ConfigDef.ConfigKey key) -> definition.groups().indexOf(key.group))
                .thenComparing(key -> key.orderInGroup)).toList();
        return "\n| property | default | what it does |\n| --- | --- | --- |\n"
            + keys.stream().map(Reference::row).collect(Collectors.joining());
    }

    private static String row(final ConfigDef.ConfigKey key) {
        final String values = key.validator instanceof ConfigDef.ValidString ? " " + one(key.validator.toString()) : "";
        return "| `" + key.name + "` | " + standard(key) + " | " + cell(key.documentation + values) + " |\n";
    }

    private static String standard(final ConfigDef.ConfigKey key) {
        if (!key.hasDefault()) {
            return "*required*";
        }
        final String text = key.defaultValue == null ? "" : String.valueOf(key.defaultValue);
        return text.isEmpty() || "[]".equals(text) ? "*none*" : "`" + text + "`";
    }

    /** ValidString says "[a, b]". */
    private static String one(final String values) {
        return "One of " + values.substring(1, values.length() - 1) + ".";
    }

    private static String cell(final String text) {
        return text.replace("|", "\\|");
    }
}
