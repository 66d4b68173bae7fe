package io.hybridiot.connect.influxdb2.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.influxdb.exceptions.InfluxException;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException.Kind;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import javax.net.ssl.SSLException;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.ResponseBody;
import org.junit.jupiter.api.Test;
import retrofit2.Response;

class FailuresTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private static InfluxRequestException of(final int status, final String message, final String... headers) {
        return answered(status, "{\"code\":\"x\",\"message\":\"" + message + "\"}", headers);
    }

    private static InfluxRequestException answered(final int status, final String text, final String... headers) {
        final okhttp3.Response.Builder raw = new okhttp3.Response.Builder()
            .code(status).message("x").protocol(Protocol.HTTP_1_1)
            .request(new Request.Builder().url("http://localhost/").build());
        for (int i = 0; i < headers.length; i += 2) {
            raw.addHeader(headers[i], headers[i + 1]);
        }
        final ResponseBody body = ResponseBody.create(text, MediaType.get("text/plain"));
        final boolean success = status >= 200 && status < 300;
        return Failures.of(success ? Response.success(body, raw.build()) : Response.error(body, raw.build()), "http://localhost");
    }

    @Test
    void sortsByWhatToDo() {
        assertEquals(Kind.PASSING, of(429, "slow down").kind());
        assertEquals(Kind.PASSING, of(500, "oops").kind());
        assertEquals(Kind.PASSING, of(503, "away", "Retry-After", "7").kind());
        assertEquals(Kind.PASSING, answered(502, "<html>Bad Gateway</html>").kind());
        assertEquals(Kind.REFUSED, of(400, "unable to parse").kind());
        assertEquals(Kind.REFUSED, of(422, "partial write").kind());
        assertEquals(Kind.TOO_LARGE, of(413, "too large").kind());
        assertEquals(Kind.TOO_LARGE, answered(413, "<html>").kind());
        assertEquals(Kind.SETUP, of(401, "unauthorized access").kind());
    }

    @Test
    void namesThePropertyToBlame() {
        assertEquals(ConnectionConfig.TOKEN, of(401, "unauthorized access").property().orElseThrow());
        assertEquals(ConnectionConfig.BUCKET, of(404, "bucket not found").property().orElseThrow());
        assertEquals(ConnectionConfig.ORG, of(404, "organization name not found").property().orElseThrow());
        assertEquals(ConnectionConfig.ORG,
            of(400, "failed to decode request body: organization name not found").property().orElseThrow());
        assertEquals(ConnectionConfig.URL, of(404, "page not found").property().orElseThrow());
    }

    /** Each of these once counted as written, or sent every record to the dead letters. */
    @Test
    void anAnswerThatIsNotInfluxDbsBlamesTheAddress() {
        for (final InfluxRequestException foreign : new InfluxRequestException[] {
                answered(200, "<html>welcome</html>"), answered(202, ""), answered(302, "", "Location", "http://h/login"), answered(304, ""),
                answered(400, "<html>Bad Request</html>"), answered(400, "Client sent an HTTP request to an HTTPS server.\n"),
                answered(404, "not here"), answered(405, ""), answered(400, "{\"error\":\"bad\"}"), answered(422, "[]"), answered(418, "{}")}) {
            assertEquals(Kind.SETUP, foreign.kind(), foreign::getMessage);
            assertEquals(ConnectionConfig.URL, foreign.property().orElseThrow(), foreign::getMessage);
        }
        assertTrue(answered(302, "", "Location", "http://h/login").getMessage().contains("redirects to http://h/login"));
        assertTrue(answered(400, "Client sent an HTTP request to an HTTPS server.\n").getMessage().contains("https://"));
    }

    @Test
    void aServerThatCannotBeReachedIsPassingAndNamesTheUrl() {
        for (final Exception error : new Exception[] {new InfluxException(new IOException("refused")), new IOException("refused")}) {
            final InfluxRequestException failure = Failures.of(error, "http://h:1");
            assertEquals(Kind.PASSING, failure.kind());
            assertEquals(ConnectionConfig.URL, failure.property().orElseThrow());
            assertTrue(failure.getMessage().contains("http://h:1 (refused)"), failure.getMessage());
        }
        assertTrue(Failures.of(new SSLException("not TLS"), "https://h:1").getMessage().contains("http:// in front"));
    }

    @Test
    void readsRetryAfterAsSecondsAndAsDate() {
        assertEquals(Duration.ofSeconds(7), of(503, "away", "Retry-After", "7").retryAfter().orElseThrow());
        assertEquals(Duration.ofSeconds(60), Failures.retryAfter(Headers.of("retry-after", "Thu, 1 Jan 2026 00:01:00 GMT"), NOW));
        assertEquals(Duration.ZERO, Failures.retryAfter(Headers.of("Retry-After", "Wed, 31 Dec 2025 00:00:00 GMT"), NOW));
        assertNull(Failures.retryAfter(Headers.of("Retry-After", "soon"), NOW));
        assertNull(Failures.retryAfter(Headers.of(), NOW));
    }
}
