package io.hybridiot.connect.influxdb2.client;

import com.influxdb.client.domain.WritePrecision;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException.Kind;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.common.config.ConfigValue;

/**
 * Asks InfluxDB, at validation, whether the set-up would work, and puts the answer beside the property to blame.
 *
 * <p>The question is the one that the task will ask, in a form to which only InfluxDB knows the answer, so that a web page, a
 * login page or a server that says yes to everything does not pass. The sink writes a line without fields: once token,
 * organisation and bucket are right, InfluxDB refuses it in its own words, and nothing is written. The source queries the last
 * second of the bucket, and a number.
 */
public final class ConnectionValidator {
    /** Shorter than Connect's own limit for a validation. */
    private static final long TIMEOUT_MS = Duration.ofSeconds(5).toMillis();

    private static final String LINE_WITHOUT_FIELDS = "validation_of_the_sink_writes_nothing";
    private static final Long NUMBER = 42L;

    private final Question question;

    /** What is asked. */
    @FunctionalInterface
    private interface Question {
        void ask(InfluxConnection influx, ConnectionConfig config) throws InfluxRequestException;
    }

    private ConnectionValidator(final Question question) {
        this.question = question;
    }

    public static ConnectionValidator forWriting() {
        return new ConnectionValidator(ConnectionValidator::askToRefuse);
    }

    private static void askToRefuse(final InfluxConnection influx, final ConnectionConfig config) throws InfluxRequestException {
        try {
            influx.write(List.of(LINE_WITHOUT_FIELDS));
        } catch (final InfluxRequestException failure) {
            if (failure.kind() == Kind.REFUSED && failure.getMessage().contains("unable to parse '" + LINE_WITHOUT_FIELDS)) {
                return;
            }
            throw failure;
        }
        throw InfluxRequestException.notInflux("it confirms a write that InfluxDB must refuse");
    }

    public static ConnectionValidator forReading() {
        return new ConnectionValidator(ConnectionValidator::askForNumber);
    }

    private static void askForNumber(final InfluxConnection influx, final ConnectionConfig config) throws InfluxRequestException {
        final Set<Object> found = new HashSet<>();
        influx.query("import \"array\"\nfrom(bucket: " + Flux.text(config.bucket())
            + ") |> range(start: -1s) |> limit(n: 1) |> yield(name: \"bucket\")\narray.from(rows: [{answer: " + NUMBER
            + "}]) |> yield(name: \"answer\")", row -> {
                found.add(row.values().get("answer"));
                return true;
            });
        if (!found.contains(NUMBER)) {
            throw InfluxRequestException.notInflux("it does not answer a query");
        }
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
        } catch (final InfluxRequestException failure) {
            final String property = failure.property().orElse(ConnectionConfig.URL);
            final boolean isId = ConnectionConfig.BUCKET.equals(property) && config.bucket().matches("[0-9a-f]{16}");
            blame(property, failure.getMessage() + (isId ? " This looks like a bucket's id; give its name." : ""), checked);
        } catch (final RuntimeException e) {
            // What the HTTP library cannot even send, such as a name that is no host.
            blame(ConnectionConfig.URL, "InfluxDB cannot be asked: " + e.getMessage(), checked);
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
