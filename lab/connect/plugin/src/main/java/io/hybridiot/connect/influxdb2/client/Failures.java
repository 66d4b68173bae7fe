package io.hybridiot.connect.influxdb2.client;

import com.influxdb.exceptions.InfluxException;
import com.influxdb.query.exceptions.FluxCsvParserException;
import com.influxdb.query.exceptions.FluxQueryException;
import io.hybridiot.connect.influxdb2.client.InfluxFailure.Kind;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Map;

/** Sorts the official client's exceptions by what to do about them. */
final class Failures {
    private Failures() {}

    static InfluxFailure of(final InfluxException error, final String url) {
        if (error.status() == 0) {
            return withoutAnswer(error, url);
        }
        final int status = error.status();
        final String said = said(error);
        if (status == 401 || status == 403) {
            return setup(ConnectionConfig.TOKEN, error,
                "InfluxDB does not accept the token for this (" + status + ": " + said + "). Use a token that may access this bucket.");
        }
        if (status == 404 || said.contains("organization") && said.contains("not found")) {
            return missing(error, said);
        }
        if (status == 413) {
            return new InfluxFailure(Kind.TOO_LARGE, null, null, said, error);
        }
        if (status == 400 || status == 422) {
            return new InfluxFailure(Kind.REFUSED, null, null, status + ": " + said, error);
        }
        return new InfluxFailure(Kind.PASSING, null, retryAfter(error.headers(), Instant.now()), status + ": " + said, error);
    }

    /** The same for a query, whose errors can also arrive in the midst of an answer or as a broken connection. */
    static InfluxFailure ofQuery(final Throwable error, final String url) {
        if (error instanceof FluxQueryException || error instanceof FluxCsvParserException) {
            return new InfluxFailure(Kind.PASSING, null, null, "The query broke off: " + describe(error), error);
        }
        return of(error instanceof InfluxException known ? known : new InfluxException(error), url);
    }

    private static InfluxFailure withoutAnswer(final InfluxException error, final String url) {
        final Throwable cause = error.getCause();
        if (cause instanceof IOException) {
            return new InfluxFailure(Kind.PASSING, ConnectionConfig.URL, null,
                "No InfluxDB answers at " + url + " (" + describe(cause) + "). Check the address, and that the server runs.", error);
        }
        return new InfluxFailure(Kind.REFUSED, null, null, describe(error), error);
    }

    private static InfluxFailure missing(final InfluxException error, final String said) {
        if (said.contains("bucket")) {
            return setup(ConnectionConfig.BUCKET, error, "InfluxDB has no such bucket (" + said + "). Create it, or correct the name.");
        }
        if (said.contains("organization")) {
            return setup(ConnectionConfig.ORG, error,
                "InfluxDB knows no such organisation (" + said + "). Give its name or its 16-digit id.");
        }
        return setup(ConnectionConfig.URL, error, "What answers there is not InfluxDB 2 (404: " + said + "). Check the address.");
    }

    private static InfluxFailure setup(final String property, final Throwable cause, final String message) {
        return new InfluxFailure(Kind.SETUP, property, null, message, cause);
    }

    private static String said(final InfluxException error) {
        final Object message = error.errorBody().get("message");
        return message == null ? String.valueOf(error.getMessage()) : message.toString();
    }

    private static String describe(final Throwable error) {
        return error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage();
    }

    /** Retry-After is seconds or an HTTP date (RFC 9110, section 10.2.3); null when absent or unreadable. */
    static Duration retryAfter(final Map<String, String> headers, final Instant now) {
        for (final Map.Entry<String, String> header : headers.entrySet()) {
            if ("Retry-After".equalsIgnoreCase(header.getKey())) {
                return readRetryAfter(header.getValue().trim(), now);
            }
        }
        return null;
    }

    private static Duration readRetryAfter(final String value, final Instant now) {
        try {
            if (value.matches("\\d{1,9}")) {
                return Duration.ofSeconds(Long.parseLong(value));
            }
            final Instant at = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
            return at.isAfter(now) ? Duration.between(now, at) : Duration.ZERO;
        } catch (final DateTimeParseException e) {
            return null;
        }
    }
}
