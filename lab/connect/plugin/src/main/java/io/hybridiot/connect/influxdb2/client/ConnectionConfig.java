package io.hybridiot.connect.influxdb2.client;

import java.time.Duration;
import java.util.Map;
import okhttp3.HttpUrl;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Range;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigDef.Width;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.types.Password;

/** What both connectors need in order to reach InfluxDB, and how patient they are. */
public class ConnectionConfig extends AbstractConfig {
    public static final String URL = "influxdb.url";
    public static final String TOKEN = "influxdb.token";
    public static final String ORG = "influxdb.org.id";
    public static final String BUCKET = "influxdb.bucket";
    public static final String GZIP = "influxdb.gzip.enable";
    public static final String REQUEST_TIMEOUT = "influxdb.request.timeout.ms";
    public static final String RETRY_BACKOFF = "retry.backoff.ms";
    public static final String RETRY_BACKOFF_MAX = "retry.backoff.max.ms";
    public static final String MAX_RETRIES = "max.retries";

    private static final String GROUP = "InfluxDB";

    public ConnectionConfig(final ConfigDef definition, final Map<String, String> properties) {
        super(definition, properties, false);
    }

    /** A definition that holds these settings; the sink and the source add theirs. */
    public static ConfigDef define() {
        return retries(server());
    }

    private static ConfigDef server() {
        return new ConfigDef()
            .define(URL, Type.STRING, ConfigDef.NO_DEFAULT_VALUE, ConnectionConfig::checkUrl, Importance.HIGH,
                "Address of InfluxDB 2, for example http://localhost:8086.",
                GROUP, 1, Width.LONG, "InfluxDB URL")
            .define(TOKEN, Type.PASSWORD, ConfigDef.NO_DEFAULT_VALUE, ConnectionConfig::checkToken, Importance.HIGH,
                "API token. The sink needs write access to its bucket, the source read access.",
                GROUP, 2, Width.LONG, "API token")
            .define(ORG, Type.STRING, ConfigDef.NO_DEFAULT_VALUE, filled(), Importance.HIGH,
                "Organisation: its 16-digit id or its name.",
                GROUP, 3, Width.MEDIUM, "Organisation")
            .define(BUCKET, Type.STRING, ConfigDef.NO_DEFAULT_VALUE, filled(), Importance.HIGH,
                "Bucket to write to or to read from. It must exist.",
                GROUP, 4, Width.MEDIUM, "Bucket")
            .define(GZIP, Type.BOOLEAN, false, Importance.LOW,
                "Compress what goes over the network, both ways. Worth it across a slow network; costs CPU time.",
                GROUP, 5, Width.SHORT, "Compress with gzip")
            .define(REQUEST_TIMEOUT, Type.LONG, 30_000L, Range.atLeast(1), Importance.LOW,
                "Milliseconds after which a request without an answer counts as failed, and is retried.",
                GROUP, 6, Width.SHORT, "Request time-out");
    }

    private static ConfigDef retries(final ConfigDef definition) {
        return definition
            .define(RETRY_BACKOFF, Type.LONG, 1000L, Range.atLeast(1), Importance.MEDIUM,
                "Milliseconds before the first retry. Each further one waits twice as long, up to " + RETRY_BACKOFF_MAX
                    + ". A Retry-After of the server is honoured when it is longer.",
                GROUP, 7, Width.SHORT, "First back-off")
            .define(RETRY_BACKOFF_MAX, Type.LONG, 30_000L, Range.atLeast(1), Importance.LOW,
                "Longest wait between two retries, in milliseconds.",
                GROUP, 8, Width.SHORT, "Longest back-off")
            .define(MAX_RETRIES, Type.INT, 10, Range.atLeast(-1), Importance.MEDIUM,
                "How often a request is retried after 429, 5xx, a time-out or a lost connection before the task fails. "
                    + "-1: for ever.",
                GROUP, 9, Width.SHORT, "Retries");
    }

    /** Refuses an empty value. */
    protected static ConfigDef.Validator filled() {
        return ConfigDef.CompositeValidator.of(new ConfigDef.NonNullValidator(), new ConfigDef.NonEmptyString());
    }

    /** A header of HTTP holds only what can be seen; a pasted token often ends with a line break. */
    private static void checkToken(final String name, final Object value) {
        final String token = value == null ? "" : ((Password) value).value();
        if (token.isEmpty()) {
            throw new ConfigException(name, null, "The token is empty.");
        }
        for (int i = 0; i < token.length(); i++) {
            final char c = token.charAt(i);
            if (c <= ' ' || c > '~') {
                throw new ConfigException(name, null, String.format(
                    "The token has an invisible or foreign character (U+%04X) in place %d of %d. Copy it again.", (int) c, i + 1, token.length()));
            }
        }
    }

    private static void checkUrl(final String name, final Object value) {
        final String text = String.valueOf(value);
        final HttpUrl address = HttpUrl.parse(text);
        if (address != null) {
            return;
        }
        if (text.startsWith("http://") || text.startsWith("https://")) {
            throw new ConfigException(name, value, "The host's name or the port cannot be used: " + reason(text));
        }
        throw new ConfigException(name, value, "Not an address. Write it like http://localhost:8086.");
    }

    private static String reason(final String text) {
        try {
            HttpUrl.get(text);
            return text;
        } catch (final IllegalArgumentException e) {
            return e.getMessage();
        }
    }

    public final String url() {
        return getString(URL);
    }

    public final String token() {
        return getPassword(TOKEN).value();
    }

    public final String org() {
        return getString(ORG);
    }

    public final String bucket() {
        return getString(BUCKET);
    }

    public final boolean gzip() {
        return getBoolean(GZIP);
    }

    public final Duration requestTimeout() {
        return Duration.ofMillis(getLong(REQUEST_TIMEOUT));
    }

    /** The waits between attempts, as set. */
    public final Backoff backoff() {
        return new Backoff(
            Duration.ofMillis(getLong(RETRY_BACKOFF)), Duration.ofMillis(getLong(RETRY_BACKOFF_MAX)), getInt(MAX_RETRIES));
    }
}
