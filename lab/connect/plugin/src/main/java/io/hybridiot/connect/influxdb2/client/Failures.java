package io.hybridiot.connect.influxdb2.client;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.influxdb.exceptions.InfluxException;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException.Kind;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import javax.net.ssl.SSLException;
import okhttp3.Headers;
import okhttp3.ResponseBody;
import retrofit2.Response;

/** Sorts answers that are no success, and requests without an answer, by what to do about them. */
final class Failures {
    private static final int LONGEST_QUOTE = 200;

    private Failures() {}

    /** Of an answer that does not confirm what was asked. */
    static InfluxRequestException of(final Response<?> answer, final String url) {
        final String body = body(answer);
        final String said = message(body);
        final int status = answer.code();
        if (status == 401 || status == 403) {
            return setup(ConnectionConfig.TOKEN, "InfluxDB does not accept the token for this (" + status + ": "
                + quote(said, body) + "). Use a token that may access this bucket.");
        }
        if (status == 413) {
            return InfluxRequestException.of(Kind.TOO_LARGE, status + ": " + quote(said, body));
        }
        if (status == 408 || status == 425 || status == 429 || status >= 500) {
            return new InfluxRequestException(
                Kind.PASSING, null, retryAfter(answer.headers(), Instant.now()), status + ": " + quote(said, body), null);
        }
        return said == null ? foreign(answer, body, url) : refused(status, said);
    }

    /** InfluxDB gives the reason of every refusal as the message of a JSON object. Whatever does not is something else. */
    private static InfluxRequestException foreign(final Response<?> answer, final String body, final String url) {
        if (body.contains("HTTP request to an HTTPS server") || body.contains("plain HTTP request was sent to HTTPS port")) {
            return setup(ConnectionConfig.URL,
                "What answers at " + url + " speaks TLS. Write the address with https:// in front.");
        }
        final String location = answer.headers().get("Location");
        return InfluxRequestException.notInflux("it answers " + answer.code()
            + (location == null ? "" : " and redirects to " + location) + (body.isBlank() ? "" : ": " + quote(null, body)));
    }

    private static InfluxRequestException refused(final int status, final String said) {
        if (status == 404 || said.contains("organization") && said.contains("not found")) {
            return missing(said);
        }
        if (status == 400 || status == 422) {
            return InfluxRequestException.of(Kind.REFUSED, status + ": " + said);
        }
        return InfluxRequestException.notInflux("it answers " + status + ": " + said);
    }

    /** Of a request that got no answer. */
    static InfluxRequestException of(final Exception error, final String url) {
        final Throwable cause = error instanceof InfluxException && error.getCause() != null ? error.getCause() : error;
        if (cause instanceof SSLException) {
            return new InfluxRequestException(Kind.PASSING, ConnectionConfig.URL, null, "No TLS connection to " + url + " ("
                + describe(cause) + "). If the server speaks plain HTTP, write the address with http:// in front.", error);
        }
        return new InfluxRequestException(Kind.PASSING, ConnectionConfig.URL, null,
            "No InfluxDB answers at " + url + " (" + describe(cause) + "). Check the address, and that the server runs.", error);
    }


    private static InfluxRequestException missing(final String said) {
        if (said.contains("bucket")) {
            return setup(ConnectionConfig.BUCKET, "InfluxDB has no such bucket (" + said + "). Create it, or correct the name.");
        }
        if (said.contains("organization")) {
            return setup(ConnectionConfig.ORG,
                "InfluxDB knows no such organisation (" + said + "). Give its name or its 16-digit id.");
        }
        return InfluxRequestException.notInflux("404: " + said);
    }

    private static InfluxRequestException setup(final String property, final String message) {
        return new InfluxRequestException(Kind.SETUP, property, null, message, null);
    }

    private static String body(final Response<?> answer) {
        try (ResponseBody error = answer.errorBody()) {
            if (error != null) {
                return error.string();
            }
            return answer.body() instanceof ResponseBody body ? body.string() : "";
        } catch (final IOException e) {
            return "";
        }
    }

    /** The message of InfluxDB's error, or null when it is none. */
    private static String message(final String body) {
        try {
            final JsonElement json = JsonParser.parseString(body);
            final JsonElement said = json.isJsonObject() && json.getAsJsonObject().has("code")
                ? json.getAsJsonObject().get("message") : null;
            return said == null || !said.isJsonPrimitive() ? null : said.getAsString();
        } catch (final JsonParseException e) {
            return null;
        }
    }

    private static String quote(final String said, final String body) {
        final String text = (said == null ? body : said).strip();
        return text.isEmpty() ? "no reason given" : text.length() > LONGEST_QUOTE ? text.substring(0, LONGEST_QUOTE) + "..." : text;
    }

    private static String describe(final Throwable error) {
        return error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage();
    }

    /** Retry-After is seconds or an HTTP date (RFC 9110, section 10.2.3); null when absent or unreadable. */
    static Duration retryAfter(final Headers headers, final Instant now) {
        final String value = headers.get("Retry-After");
        return value == null ? null : readRetryAfter(value.trim(), now);
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
