package io.hybridiot.connect.influxdb2;

import io.hybridiot.connect.influxdb2.client.ConnectionValidator;
import io.hybridiot.connect.influxdb2.client.TaskProperties;
import io.hybridiot.connect.influxdb2.client.UnknownProperties;
import io.hybridiot.connect.influxdb2.sink.InfluxDB2SinkTask;
import io.hybridiot.connect.influxdb2.sink.SinkSettings;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.sink.SinkConnector;

/** Writes records of Kafka topics as points to a bucket of InfluxDB 2. */
public final class InfluxDB2Sink extends SinkConnector {
    private Map<String, String> properties = Map.of();

    @Override
    public String version() {
        return Version.get();
    }

    @Override
    public ConfigDef config() {
        return SinkSettings.definition();
    }

    @Override
    public Config validate(final Map<String, String> given) {
        return ConnectionValidator.forWriting().check(super.validate(given), given, SinkSettings::new);
    }

    @Override
    public void start(final Map<String, String> given) {
        properties = Map.copyOf(given);
        UnknownProperties.warn(config(), given);
    }

    @Override
    public Class<? extends Task> taskClass() {
        return InfluxDB2SinkTask.class;
    }

    @Override
    public List<Map<String, String>> taskConfigs(final int maxTasks) {
        return TaskProperties.forEach(properties, maxTasks);
    }

    @Override
    public void stop() {
        properties = Map.of();
    }
}
