package io.hybridiot.connect.influxdb2.client;

import com.influxdb.client.domain.WritePrecision;
import io.hybridiot.connect.influxdb2.client.InfluxFailure.Kind;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.common.config.ConfigValue;

/**
 * Asks InfluxDB, at validation, whether the set-up would work, and puts the answer beside the property to blame.
 *
 * <p>The question is the one that the task will ask: a write of a comment, which InfluxDB takes after it checked token,
 * organisation and bucket, and which writes nothing; or a query of the last second.
 */
public final class Probe {
    /** Shorter than Connect's own limit for a validation. */
    private static final long TIMEOUT_MS = Duration.ofSeconds(5).toMillis();

    private final Question question;

    /** What is asked. */
    @FunctionalInterface
    private interface Question {
        void ask(InfluxConnection influx, ConnectionConfig config) throws InfluxFailure;
    }

    private Probe(final Question question) {
        this.question = question;
    }

    public static Probe forWriting() {
        return new Probe((influx, config) -> influx.write(List.of("#")));
    }

    public static Probe forReading() {
        return new Probe((influx, config) -> influx.query(
            "from(bucket: " + Flux.text(config.bucket()) + ") |> range(start: -1s) |> limit(n: 1)",
            row -> true));
    }

    /** Adds what InfluxDB says to {@code checked}, when the values themselves are in order. */
    public Config check(
            final Config checked, final Map<String, String> given,
            final Function<Map<String, String>, ? extends ConnectionConfig> settings) {
        if (checked.configValues().stream().allMatch(value -> value.errorMessages().isEmpty())) {
            final Map<String, String> patient = new HashMap<>(given);
            patient.put(ConnectionConfig.REQUEST_TIMEOUT, Long.toString(TIMEOUT_MS));
            ask(settings.apply(patient), checked);
        }
        return checked;
    }

    private void ask(final ConnectionConfig config, final Config checked) {
        try (InfluxConnection influx = new InfluxConnection(config, WritePrecision.MS)) {
            question.ask(influx, config);
        } catch (final InfluxFailure failure) {
            if (failure.kind() == Kind.SETUP || failure.kind() == Kind.PASSING) {
                blame(failure.property().orElse(ConnectionConfig.URL), failure.getMessage(), checked);
            }
        }
    }

    private static void blame(final String property, final String message, final Config checked) {
        for (final ConfigValue value : checked.configValues()) {
            if (value.name().equals(property)) {
                value.addErrorMessage(message);
            }
        }
    }
}
