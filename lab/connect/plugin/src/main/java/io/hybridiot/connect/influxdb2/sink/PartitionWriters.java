package io.hybridiot.connect.influxdb2.sink;

import io.hybridiot.connect.influxdb2.client.LineWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.TopicPartition;

/** The writers of one task. Each partition belongs to one of them, so its order is kept. */
final class PartitionWriters<T> implements AutoCloseable {
    private final List<PartitionWriter<T>> all = new ArrayList<>();

    PartitionWriters(final SinkSettings settings, final LineWriter influx, final SinkCounts counts, final String name) {
        for (int i = 0; i < settings.writers(); i++) {
            final PartitionWriter<T> lane = new PartitionWriter<>(name + "-writer-" + i, settings.batchSize(), settings.linger());
            lane.start(new BatchWriter<>(influx, settings.backoff(), counts, lane::pause, RandomGenerator.getDefault()));
            all.add(lane);
        }
    }

    PartitionWriter<T> of(final TopicPartition partition) {
        return all.get(Math.floorMod(partition.hashCode(), all.size()));
    }

    /** Waits until every writer takes more; false when one still does not after {@code time}. */
    boolean awaitRoom(final Duration time) throws InterruptedException {
        final long deadline = System.nanoTime() + time.toNanos();
        boolean room = true;
        for (final PartitionWriter<T> lane : all) {
            room &= lane.awaitRoom(Duration.ofNanos(deadline - System.nanoTime()));
        }
        return room;
    }

    /** Has everything written; false when it is not after {@code time}. */
    boolean flush(final Duration time) throws InterruptedException {
        final long deadline = System.nanoTime() + time.toNanos();
        boolean written = true;
        for (final PartitionWriter<T> lane : all) {
            written &= lane.flush(Duration.ofNanos(deadline - System.nanoTime()));
        }
        return written;
    }

    /** A batch that is done, or null. */
    Outcome<T> poll() {
        for (final PartitionWriter<T> lane : all) {
            final Outcome<T> outcome = lane.poll();
            if (outcome != null) {
                return outcome;
            }
        }
        return null;
    }

    /** Why a writer gave up, or null. */
    Throwable failure() {
        for (final PartitionWriter<T> lane : all) {
            if (lane.failure() != null) {
                return lane.failure();
            }
        }
        return null;
    }

    @Override
    public void close() {
        all.forEach(PartitionWriter::close);
    }
}
