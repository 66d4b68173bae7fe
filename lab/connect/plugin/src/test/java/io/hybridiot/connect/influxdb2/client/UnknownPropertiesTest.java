package io.hybridiot.connect.influxdb2.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hybridiot.connect.influxdb2.sink.SinkSettings;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigException;
import org.junit.jupiter.api.Test;

class UnknownPropertiesTest {
    @Test
    void aMisspeltNameFindsTheRightOne() {
        assertEquals(Optional.of("tag.fields"), UnknownProperties.nearest(SinkSettings.definition(), "tag.field"));
        assertEquals(Optional.of("batch.size"), UnknownProperties.nearest(SinkSettings.definition(), "batch.sise"));
        assertEquals(Optional.empty(), UnknownProperties.nearest(SinkSettings.definition(), "colour"));
    }

    @Test
    void whatConnectReadsIsKnown() {
        for (final String known : List.of("batch.size", "topics", "value.converter.schemas.enable", "errors.tolerance",
                "consumer.override.max.poll.records", "transforms.a.type", "tasks.max")) {
            assertFalse(UnknownProperties.isUnknown(SinkSettings.definition(), known), known);
        }
        assertTrue(UnknownProperties.isUnknown(SinkSettings.definition(), "tag.field"));
    }

    private static ConfigException refused(final String property, final String value) {
        final Map<String, String> properties = new HashMap<>(Map.of(
            "influxdb.url", "http://influx_db:8086", "influxdb.token", "t", "influxdb.org.id", "o", "influxdb.bucket", "b"));
        new SinkSettings(properties);
        properties.put(property, value);
        return assertThrows(ConfigException.class, () -> new SinkSettings(properties));
    }

    @Test
    void addressesAndTokensAreLookedAt() {
        assertTrue(refused("influxdb.url", "localhost:8086").getMessage().contains("Write it like"));
        assertTrue(refused("influxdb.url", "http://a:99999").getMessage().contains("port"));
        assertTrue(refused("influxdb.token", "abc\u200b").getMessage().contains("U+200B"));
        assertTrue(refused("influxdb.token", "ab\nc").getMessage().contains("U+000A"));
        assertTrue(refused("influxdb.token", "").getMessage().contains("empty"));
        assertFalse(refused("influxdb.token", "sec\nret").getMessage().contains("sec\nret"));
    }
}
