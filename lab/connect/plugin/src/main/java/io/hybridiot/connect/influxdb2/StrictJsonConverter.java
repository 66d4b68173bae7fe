package io.hybridiot.connect.influxdb2;

import io.hybridiot.connect.influxdb2.json.JsonReader;
import io.hybridiot.connect.influxdb2.json.JsonWriter;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.components.Versioned;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.storage.Converter;

/**
 * Plain JSON in UTF-8, taken word for word or refused.
 *
 * <p>Connect's JsonConverter wraps whole numbers beyond 64 bits, reads the first of several values and passes over what
 * follows it, and keeps one of two fields of the same name, all without an error.
 */
public final class StrictJsonConverter implements Converter, Versioned {
    private static final String SCHEMAS = "schemas.enable";

    @Override
    public String version() {
        return Version.get();
    }

    @Override
    public ConfigDef config() {
        return new ConfigDef().define(SCHEMAS, Type.BOOLEAN, false, StrictJsonConverter::checkSchemas, Importance.LOW,
            "Must be false: this converter reads plain JSON, without an envelope of schema and payload.");
    }

    private static void checkSchemas(final String name, final Object value) {
        if (Boolean.TRUE.equals(value)) {
            throw new ConfigException(name, value,
                "This converter reads plain JSON. Set it to false, or use JsonConverter for envelopes of schema and payload.");
        }
    }

    @Override
    public void configure(final Map<String, ?> configs, final boolean isKey) {
        config().parse(Map.of(SCHEMAS, configs.containsKey(SCHEMAS) ? configs.get(SCHEMAS) : false));
    }

    /** Objects become maps, whole numbers Long or BigInteger, others Double. */
    @Override
    public SchemaAndValue toConnectData(final String topic, final byte[] value) {
        return value == null ? SchemaAndValue.NULL : new SchemaAndValue(null, JsonReader.read(value));
    }

    @Override
    public byte[] fromConnectData(final String topic, final Schema schema, final Object value) {
        return value == null ? null : JsonWriter.write(value);
    }
}
