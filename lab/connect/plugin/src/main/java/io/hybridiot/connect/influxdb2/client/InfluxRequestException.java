package io.hybridiot.connect.influxdb2.client;

import java.time.Duration;
import java.util.Optional;

/** Why InfluxDB did not do what was asked, sorted by what to do about it. */
public final class InfluxRequestException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What to do about a failure. */
    public enum Kind {
        /** 429, 5xx, a timeout, no connection: ask again later. */
        PASSING,
        /** 400, 422: something in the data or the query is wrong. */
        REFUSED,
        /** 413: send less at a time. */
        TOO_LARGE,
        /** 401, 403, 404, or an answer that is not InfluxDB's: the connector is set up wrongly; {@link #property()} names the setting. */
        SETUP
    }

    private final Kind kind;
    private final String property;
    private final transient Duration retryAfter;

    public InfluxRequestException(
            final Kind kind, final String property, final Duration retryAfter, final String message, final Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.property = property;
        this.retryAfter = retryAfter;
    }

    /** A failure without more than its kind and message. */
    public static InfluxRequestException of(final Kind kind, final String message) {
        return new InfluxRequestException(kind, null, null, message, null);
    }

    /** What answers at the address is something else; {@code what} says how that shows. */
    public static InfluxRequestException notInflux(final String what) {
        return new InfluxRequestException(Kind.SETUP, ConnectionConfig.URL, null, "What answers there is not InfluxDB 2: " + what
            + ". Check the address, and what stands between it and this worker.", null);
    }

    public Kind kind() {
        return kind;
    }

    /** The connector property to blame, for {@link Kind#SETUP} and for a server that cannot be reached. */
    public Optional<String> property() {
        return Optional.ofNullable(property);
    }

    /** How long the server asked to be left alone. */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }
}
