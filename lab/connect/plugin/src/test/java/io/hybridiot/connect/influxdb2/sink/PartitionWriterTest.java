package io.hybridiot.connect.influxdb2.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hybridiot.connect.influxdb2.client.Backoff;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException.Kind;
import io.hybridiot.connect.influxdb2.client.LineWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PartitionWriterTest {
    private static final TopicPartition A = new TopicPartition("t", 0);
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Backoff ENDLESS = new Backoff(Duration.ofMillis(1), Duration.ofMillis(5), -1);

    private final List<String> stored = Collections.synchronizedList(new ArrayList<>());
    private PartitionWriter<String> lane;

    private PartitionWriter<String> lane(final int batchSize, final Duration linger, final LineWriter influx) {
        lane = new PartitionWriter<>("test", batchSize, linger);
        lane.start(new BatchWriter<>(influx, ENDLESS, new SinkCounts(), lane::pause, new Random(1)));
        return lane;
    }

    @AfterEach
    void close() {
        lane.close();
    }

    private void add(final long offset) {
        lane.add(A, offset, "r" + offset, "l" + offset);
    }

    private Map<TopicPartition, Long> done() {
        final Map<TopicPartition, Long> done = new HashMap<>();
        for (Outcome<String> outcome = lane.poll(); outcome != null; outcome = lane.poll()) {
            done.putAll(outcome.next());
        }
        return done;
    }

    @Test
    void writesFullBatchesInOrder() throws Exception {
        lane(3, SOON, stored::addAll);
        for (int i = 0; i < 7; i++) {
            add(i);
        }
        assertTrue(lane.flush(SOON));
        assertEquals(List.of("l0", "l1", "l2", "l3", "l4", "l5", "l6"), stored);
        assertEquals(Map.of(A, 7L), done());
    }

    @Test
    void aSmallBatchLeavesAfterTheLinger() throws Exception {
        final CountDownLatch written = new CountDownLatch(1);
        lane(1000, Duration.ofMillis(5), lines -> written.countDown());
        add(0);
        written.await();
    }

    @Test
    void nothingIsDoneBeforeInfluxTookIt() throws Exception {
        final CountDownLatch go = new CountDownLatch(1);
        lane(1, Duration.ZERO, lines -> {
            try {
                go.await();
            } catch (final InterruptedException e) {
                throw InfluxRequestException.of(Kind.PASSING, "interrupted");
            }
        });
        add(0);
        assertFalse(lane.flush(Duration.ofMillis(20)));
        assertEquals(Map.of(), done());
        go.countDown();
        assertTrue(lane.flush(SOON));
        assertEquals(Map.of(A, 1L), done());
    }

    @Test
    void anOffsetPassedWaitsForThePointsBeforeIt() throws Exception {
        final CountDownLatch go = new CountDownLatch(1);
        lane(2, Duration.ZERO, lines -> {
            try {
                go.await();
            } catch (final InterruptedException e) {
                throw InfluxRequestException.of(Kind.PASSING, "interrupted");
            }
        });
        add(0);
        lane.pass(A, 1);
        assertFalse(lane.flush(Duration.ofMillis(20)));
        assertEquals(Map.of(), done());
        go.countDown();
        assertTrue(lane.flush(SOON));
        assertEquals(Map.of(A, 2L), done());
    }

    @Test
    void aStuckWriterMakesItFullAndCloseEndsIt() throws Exception {
        lane(1, Duration.ZERO, lines -> {
            throw InfluxRequestException.of(Kind.PASSING, "503");
        });
        for (int i = 0; i < 10; i++) {
            add(i);
        }
        assertFalse(lane.awaitRoom(Duration.ofMillis(20)));
        assertTrue(lane.isFull());
        lane.close();
        assertEquals(Map.of(), done());
        assertNull(lane.failure());
    }

    @Test
    void aWrongSetUpIsItsFailure() throws Exception {
        lane(1, Duration.ZERO, lines -> {
            throw InfluxRequestException.of(Kind.SETUP, "no such bucket");
        });
        add(0);
        assertFalse(lane.flush(SOON));
        assertNotNull(lane.failure());
        assertEquals("no such bucket", lane.failure().getMessage());
        assertEquals(Map.of(), done());
    }
}
