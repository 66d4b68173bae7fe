package io.hybridiot.connect.influxdb2;

import io.hybridiot.connect.influxdb2.client.ConnectionConfig;
import io.hybridiot.connect.influxdb2.client.ConnectionValidator;
import io.hybridiot.connect.influxdb2.client.TaskProperties;
import io.hybridiot.connect.influxdb2.client.UnknownProperties;
import io.hybridiot.connect.influxdb2.source.InfluxDB2SourceTask;
import io.hybridiot.connect.influxdb2.source.OffsetCheck;
import io.hybridiot.connect.influxdb2.source.SourceSettings;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.source.SourceConnector;

/** Reads the rows of a bucket of InfluxDB 2 into Kafka topics. */
public final class InfluxDB2Source extends SourceConnector {
    private Map<String, String> properties = Map.of();

    @Override
    public String version() {
        return Version.get();
    }

    @Override
    public ConfigDef config() {
        return SourceSettings.definition();
    }

    @Override
    public Config validate(final Map<String, String> given) {
        return ConnectionValidator.forReading().check(super.validate(given), given, SourceSettings::new);
    }

    @Override
    public void start(final Map<String, String> given) {
        properties = Map.copyOf(given);
        UnknownProperties.warn(config(), given);
    }

    @Override
    public Class<? extends Task> taskClass() {
        return InfluxDB2SourceTask.class;
    }

    /** One task, whatever the limit: a bucket is read in one order of time. */
    @Override
    public List<Map<String, String>> taskConfigs(final int maxTasks) {
        return TaskProperties.forEach(properties, 1);
    }

    @Override
    public boolean alterOffsets(final Map<String, String> config, final Map<Map<String, ?>, Map<String, ?>> offsets) {
        OffsetCheck.check(config.get(ConnectionConfig.BUCKET), offsets);
        return true;
    }

    @Override
    public void stop() {
        properties = Map.of();
    }
}
