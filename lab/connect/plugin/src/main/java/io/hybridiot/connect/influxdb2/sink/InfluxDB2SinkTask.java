package io.hybridiot.connect.influxdb2.sink;

import io.hybridiot.connect.influxdb2.RefusedException;
import io.hybridiot.connect.influxdb2.Version;
import io.hybridiot.connect.influxdb2.client.InfluxConnection;
import io.hybridiot.connect.influxdb2.client.Jmx;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTask;

/**
 * The sink's life cycle.
 *
 * <p>{@code put} maps and hands over; writer threads write; offsets are only reported for what InfluxDB took or the
 * error reporter confirmed. While InfluxDB is slow or away, the partitions are paused, so that the task stays a live
 * member of its consumer group however long it takes.
 */
public final class InfluxDB2SinkTask extends SinkTask {
    /** How long put waits for a writer before it pauses the partitions instead. */
    private static final Duration ROOM_WAIT = Duration.ofMillis(500);
    /** How soon a paused task looks again. */
    private static final long PAUSED_POLL_MS = 200;
    /** How long a commit waits for points under way, so that an orderly stop repeats nothing. */
    private static final Duration FLUSH_WAIT = Duration.ofSeconds(5);

    private final Map<TopicPartition, Long> done = new HashMap<>();
    private final SinkCounts counts = new SinkCounts();
    private Lanes<SinkRecord> lanes;
    private RecordMapper mapper;
    private Refusals refusals;
    private Jmx jmx;
    private InfluxConnection influx;
    private boolean paused;

    @Override
    public String version() {
        return Version.get();
    }

    @Override
    public void start(final Map<String, String> properties) {
        final SinkSettings settings = new SinkSettings(properties);
        influx = new InfluxConnection(settings, settings.precision());
        mapper = new RecordMapper(new PointMapper(settings));
        refusals = Refusals.of(context, counts, properties);
        lanes = new Lanes<>(settings, influx, counts, properties.getOrDefault("name", "sink"));
        jmx = Jmx.register("influxdb2-sink-task", properties, counts);
    }

    @Override
    public void put(final Collection<SinkRecord> records) {
        collect();
        records.forEach(this::hand);
        makeRoom();
    }

    private void hand(final SinkRecord record) {
        final TopicPartition partition = new TopicPartition(record.originalTopic(), record.originalKafkaPartition());
        final Lane<SinkRecord> lane = lanes.of(partition);
        if (record.value() == null) {
            counts.tombstone();
            lane.pass(partition, record.originalKafkaOffset());
            return;
        }
        try {
            lane.add(partition, record.originalKafkaOffset(), record, mapper.line(record));
        } catch (final BadRecord e) {
            refusals.report(record, new RefusedException("Record refused: " + e.getMessage()));
            lane.pass(partition, record.originalKafkaOffset());
        }
    }

    /** Waits a little for the writers; when they need longer, has Connect deliver nothing for now. */
    private void makeRoom() {
        try {
            final boolean room = lanes.awaitRoom(ROOM_WAIT);
            collect();
            if (!room) {
                context.pause(context.assignment().toArray(TopicPartition[]::new));
                context.timeout(PAUSED_POLL_MS);
                paused = true;
            } else if (paused) {
                context.resume(context.assignment().toArray(TopicPartition[]::new));
                paused = false;
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Takes over what the writers finished. Throws when one of them gave up. */
    private void collect() {
        for (Outcome<SinkRecord> outcome = lanes.poll(); outcome != null; outcome = lanes.poll()) {
            for (final Outcome.Refused<SinkRecord> refused : outcome.refused()) {
                refusals.report(refused.record(), new RefusedException("InfluxDB refused the record: " + refused.reason()));
            }
            if (!outcome.next().isEmpty()) {
                refusals.await();
                done.putAll(outcome.next());
            }
        }
        final Throwable failure = lanes.failure();
        if (failure != null) {
            throw new ConnectException(failure.getMessage(), failure);
        }
    }

    @Override
    public Map<TopicPartition, OffsetAndMetadata> preCommit(final Map<TopicPartition, OffsetAndMetadata> current) {
        try {
            lanes.flush(FLUSH_WAIT);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        collect();
        final Map<TopicPartition, OffsetAndMetadata> safe = new HashMap<>();
        for (final TopicPartition partition : current.keySet()) {
            final Long next = done.get(partition);
            if (next != null) {
                safe.put(partition, new OffsetAndMetadata(next));
            }
        }
        return safe;
    }

    @Override
    public void close(final Collection<TopicPartition> partitions) {
        partitions.forEach(done::remove);
    }

    @Override
    public void stop() {
        if (lanes != null) {
            lanes.close();
        }
        if (jmx != null) {
            jmx.close();
        }
        if (influx != null) {
            influx.close();
        }
    }
}
