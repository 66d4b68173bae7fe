package io.hybridiot.connect.influxdb2.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.influxdb.exceptions.InfluxException;
import com.influxdb.query.exceptions.FluxQueryException;
import io.hybridiot.connect.influxdb2.client.InfluxFailure.Kind;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import okhttp3.MediaType;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.ResponseBody;
import org.junit.jupiter.api.Test;
import retrofit2.Response;

class FailuresTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private static InfluxFailure of(final int status, final String message, final String... headers) {
        final okhttp3.Response.Builder raw = new okhttp3.Response.Builder()
            .code(status).message("x").protocol(Protocol.HTTP_1_1)
            .request(new Request.Builder().url("http://localhost/").build());
        for (int i = 0; i < headers.length; i += 2) {
            raw.addHeader(headers[i], headers[i + 1]);
        }
        final ResponseBody body = ResponseBody.create("{\"message\":\"" + message + "\"}", MediaType.get("application/json"));
        return Failures.of(new InfluxException(Response.error(body, raw.build())), "http://localhost");
    }

    @Test
    void sortsByWhatToDo() {
        assertEquals(Kind.PASSING, of(429, "slow down").kind());
        assertEquals(Kind.PASSING, of(500, "oops").kind());
        assertEquals(Kind.PASSING, of(503, "away", "Retry-After", "7").kind());
        assertEquals(Kind.REFUSED, of(400, "unable to parse").kind());
        assertEquals(Kind.REFUSED, of(422, "partial write").kind());
        assertEquals(Kind.TOO_LARGE, of(413, "too large").kind());
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

    @Test
    void aServerThatCannotBeReachedIsPassingAndNamesTheUrl() {
        final InfluxFailure failure = Failures.of(new InfluxException(new IOException("refused")), "http://h:1");
        assertEquals(Kind.PASSING, failure.kind());
        assertEquals(ConnectionConfig.URL, failure.property().orElseThrow());
        assertTrue(failure.getMessage().contains("http://h:1"));
    }

    @Test
    void aQueryThatBreaksOffIsTriedAgain() {
        assertEquals(Kind.PASSING, Failures.ofQuery(new FluxQueryException("shard is closed", 0), "http://h:1").kind());
        assertEquals(Kind.PASSING, Failures.ofQuery(new IOException("unexpected end of stream"), "http://h:1").kind());
    }

    @Test
    void readsRetryAfterAsSecondsAndAsDate() {
        assertEquals(Duration.ofSeconds(7), of(503, "away", "Retry-After", "7").retryAfter().orElseThrow());
        assertEquals(Duration.ofSeconds(60), Failures.retryAfter(Map.of("retry-after", "Thu, 1 Jan 2026 00:01:00 GMT"), NOW));
        assertEquals(Duration.ZERO, Failures.retryAfter(Map.of("Retry-After", "Wed, 31 Dec 2025 00:00:00 GMT"), NOW));
        assertNull(Failures.retryAfter(Map.of("Retry-After", "soon"), NOW));
        assertNull(Failures.retryAfter(Map.of(), NOW));
    }
}
