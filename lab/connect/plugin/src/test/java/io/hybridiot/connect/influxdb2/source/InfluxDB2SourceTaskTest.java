package io.hybridiot.connect.influxdb2.source;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.source.SourceTaskContext;
import org.apache.kafka.connect.storage.OffsetStorageReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The task alone: InfluxDB does not answer at this address, or is not asked. */
@Timeout(60)
class InfluxDB2SourceTaskTest {
    private static Map<String, String> properties(final String retries) {
        return new HashMap<>(Map.of("name", "test", "influxdb.url", "http://127.0.0.1:1", "influxdb.token", "t",
            "influxdb.org.id", "o", "influxdb.bucket", "b", "max.retries", retries, "retry.backoff.ms", "1", "retry.backoff.max.ms", "1"));
    }

    /** A task whose offset Connect keeps as `offset`. */
    private static InfluxDB2SourceTask keeping(final Map<String, Object> offset) {
        final OffsetStorageReader reader = (OffsetStorageReader) Proxy.newProxyInstance(
            InfluxDB2SourceTaskTest.class.getClassLoader(), new Class<?>[] {OffsetStorageReader.class},
            (proxy, method, arguments) -> "offset".equals(method.getName()) && Map.of("bucket", "b").equals(arguments[0]) ? offset : null);
        final InfluxDB2SourceTask task = new InfluxDB2SourceTask();
        task.initialize((SourceTaskContext) Proxy.newProxyInstance(InfluxDB2SourceTaskTest.class.getClassLoader(),
            new Class<?>[] {SourceTaskContext.class},
            (proxy, method, arguments) -> "offsetStorageReader".equals(method.getName()) ? reader : null));
        return task;
    }

    @Test
    void anInfluxThatDoesNotAnswerIsTriedAgainAndThenEndsTheTask() throws InterruptedException {
        final InfluxDB2SourceTask task = keeping(null);
        task.start(properties("1"));
        assertNull(task.poll(), "the first failure is retried");
        final ConnectException ended = assertThrows(ConnectException.class, () -> {
            while (true) {
                assertNull(task.poll());
            }
        });
        assertTrue(ended.getMessage().contains("127.0.0.1"), ended::getMessage);
        task.stop();
    }

    @Test
    void anOffsetThatCannotBeReadNamesTheCure() {
        final InfluxDB2SourceTask task = keeping(Map.of("time", "yesterday"));
        final ConnectException refused = assertThrows(ConnectException.class, () -> task.start(properties("0")));
        assertTrue(refused.getMessage().contains("offset"), refused::getMessage);
        task.stop();
    }

    @Test
    void anOffsetOfAnEarlierRunIsTaken() {
        final InfluxDB2SourceTask task = keeping(Map.of("time", "2026-01-01T00:00:00Z"));
        assertDoesNotThrow(() -> task.start(properties("0")));
        task.stop();
    }

    @Test
    void aTaskThatNeverStartedStopsQuietly() {
        assertDoesNotThrow(() -> new InfluxDB2SourceTask().stop());
    }

    @Test
    void aStopEndsAPollThatWaits() throws InterruptedException {
        final InfluxDB2SourceTask task = keeping(null);
        task.start(properties("-1"));
        task.stop();
        assertNull(task.poll());
    }

    @Test
    void theOffsetIsKeptUnderTheBucket() {
        assertEquals(Map.of("bucket", "b"), InfluxDB2SourceTask.partition(new SourceSettings(properties("0"))));
    }
}
