package io.hybridiot.connect.influxdb2.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private static final TopicPartition A = new TopicPartition("t", 0);
    private final Progress progress = new Progress();

    private Map<TopicPartition, OffsetAndMetadata> safe(final long position) {
        return progress.safe(Map.of(A, new OffsetAndMetadata(position)));
    }

    @Test
    void recordsThatNeverArriveArePassedOnceNothingIsUnderWay() {
        progress.handed(A, 0);
        assertEquals(Map.of(), safe(3));
        progress.done(Map.of(A, 1L));
        assertEquals(Map.of(A, new OffsetAndMetadata(3)), safe(3));
    }

    @Test
    void whileRecordsAreUnderWayOnlyTheDoneOnesAre() {
        progress.handed(A, 0);
        progress.handed(A, 5);
        progress.done(Map.of(A, 1L));
        assertEquals(Map.of(A, new OffsetAndMetadata(1)), safe(8));
        progress.done(Map.of(A, 6L));
        assertEquals(Map.of(A, new OffsetAndMetadata(8)), safe(8));
    }

    @Test
    void aPartitionOfWhichNothingArrivedIsPassed() {
        assertEquals(Map.of(A, new OffsetAndMetadata(4)), safe(4));
    }

    @Test
    void aPartitionThatComesBackBeginsWithoutAPast() {
        progress.handed(A, 9);
        progress.done(Map.of(A, 10L));
        progress.forget(List.of(A));
        progress.handed(A, 3);
        assertEquals(Map.of(), safe(4));
    }
}
