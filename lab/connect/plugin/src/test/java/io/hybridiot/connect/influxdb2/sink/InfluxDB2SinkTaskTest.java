package io.hybridiot.connect.influxdb2.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.sink.ErrantRecordReporter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTaskContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The task alone: none of these records gets as far as InfluxDB. */
@Timeout(60)
class InfluxDB2SinkTaskTest {
    private static final TopicPartition PARTITION = new TopicPartition("t", 0);

    private final List<String> refused = new ArrayList<>();

    private InfluxDB2SinkTask started() {
        return started("all", (record, error) -> {
            refused.add(record.kafkaOffset() + ": " + error.getMessage());
            return CompletableFuture.completedFuture(null);
        });
    }

    private InfluxDB2SinkTask started(final String tolerance, final ErrantRecordReporter reporter) {
        final SinkTaskContext context = (SinkTaskContext) Proxy.newProxyInstance(getClass().getClassLoader(),
            new Class<?>[] {SinkTaskContext.class}, (proxy, method, arguments) -> switch (method.getName()) {
                case "errantRecordReporter" -> reporter;
                case "assignment" -> Set.of(PARTITION);
                default -> null;
            });
        final InfluxDB2SinkTask task = new InfluxDB2SinkTask();
        task.initialize(context);
        task.start(new HashMap<>(Map.of("name", "test", "influxdb.url", "http://127.0.0.1:1", "influxdb.token", "t",
            "influxdb.org.id", "o", "influxdb.bucket", "b", "measurement.name.format", "m", "errors.tolerance", tolerance)));
        task.open(List.of(PARTITION));
        return task;
    }

    private static SinkRecord record(final long offset, final Object value) {
        return new SinkRecord("t", 0, null, null, null, value, offset, 1500L, TimestampType.CREATE_TIME);
    }

    @Test
    void headersAreTextWhateverTheirType() {
        final ConnectHeaders headers = new ConnectHeaders();
        headers.addBytes("bytes", "nörd".getBytes(StandardCharsets.UTF_8)).addInt("whole", 7).addString("text", "a").addString("text", "b");
        headers.addMap("map", Map.of("a", 1), SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.INT32_SCHEMA).build());
        assertEquals(Map.of("bytes", "nörd", "whole", "7", "text", "b", "map", ""), RecordMapper.headers(headers));
    }

    /** A map that no mapper can foresee. */
    private static Map<String, Object> broken() {
        return new AbstractMap<>() {
            @Override
            public Set<Entry<String, Object>> entrySet() {
                throw new IllegalStateException("no entries today");
            }
        };
    }

    @Test
    void anyExceptionOfOneRecordRefusesThatRecordOnly() {
        final InfluxDB2SinkTask task = started();
        task.put(List.of(record(0, Map.of(1, 2)), record(1, broken()), record(2, "text"), record(3, null)));
        final Map<TopicPartition, OffsetAndMetadata> safe = task.preCommit(Map.of(PARTITION, new OffsetAndMetadata(7)));
        assertEquals(3, refused.size(), refused::toString);
        assertTrue(refused.get(0).startsWith("0: Record refused: it has the name 1"), refused::toString);
        assertTrue(refused.get(1).contains("1: Record refused: it cannot be mapped: java.lang.IllegalStateException: no entries today"));
        assertTrue(refused.get(2).contains("check value.converter"));
        assertEquals(Map.of(PARTITION, new OffsetAndMetadata(7)), safe, "also past what a converter dropped behind them");
        task.stop();
    }

    @Test
    void noOffsetMovesOnceARecordEndedTheTask() {
        final InfluxDB2SinkTask task = started("none", null);
        final List<SinkRecord> records = List.of(record(0, "text"), record(1, null));
        final ConnectException ended = assertThrows(ConnectException.class, () -> task.put(records));
        assertSame(ended, assertThrows(ConnectException.class, () -> task.preCommit(Map.of(PARTITION, new OffsetAndMetadata(2)))));
        assertSame(ended, assertThrows(ConnectException.class, () -> task.put(List.of(record(1, null)))));
        task.stop();
    }
}
