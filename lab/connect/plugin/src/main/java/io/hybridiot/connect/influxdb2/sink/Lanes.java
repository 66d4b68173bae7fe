package io.hybridiot.connect.influxdb2.sink;

import io.hybridiot.connect.influxdb2.client.LineWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.TopicPartition;

/** The writers of one task. Each partition belongs to one of them, so its order is kept. */
final class Lanes<T> implements AutoCloseable {
    private final List<Lane<T>> all = new ArrayList<>();

    Lanes(final SinkSettings settings, final LineWriter influx, final SinkCounts counts, final String name) {
        for (int i = 0; i < settings.writers(); i++) {
            final Lane<T> lane = new Lane<>(name + "-writer-" + i, settings.batchSize(), settings.linger());
            lane.start(new BatchWriter<>(influx, settings.backoff(), counts, lane::pause, RandomGenerator.getDefault()));
            all.add(lane);
        }
    }

    Lane<T> of(final TopicPartition partition) {
        return all.get(Math.floorMod(partition.hashCode(), all.size()));
    }

    /** Waits until every writer takes more; false when one still does not after {@code time}. */
    boolean awaitRoom(final Duration time) throws InterruptedException {
        final long deadline = System.nanoTime() + time.toNanos();
        boolean room = true;
        for (final Lane<T> lane : all) {
            room &= lane.awaitRoom(Duration.ofNanos(deadline - System.nanoTime()));
        }
        return room;
    }

    /** Has everything written; false when it is not after {@code time}. */
    boolean flush(final Duration time) throws InterruptedException {
        final long deadline = System.nanoTime() + time.toNanos();
        boolean written = true;
        for (final Lane<T> lane : all) {
            written &= lane.flush(Duration.ofNanos(deadline - System.nanoTime()));
        }
        return written;
    }

    /** A batch that is done, or null. */
    Outcome<T> poll() {
        for (final Lane<T> lane : all) {
            final Outcome<T> outcome = lane.poll();
            if (outcome != null) {
                return outcome;
            }
        }
        return null;
    }

    /** Why a writer gave up, or null. */
    Throwable failure() {
        for (final Lane<T> lane : all) {
            if (lane.failure() != null) {
                return lane.failure();
            }
        }
        return null;
    }

    @Override
    public void close() {
        all.forEach(Lane::close);
    }
}
