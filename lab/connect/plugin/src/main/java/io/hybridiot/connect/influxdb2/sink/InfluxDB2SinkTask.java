package io.hybridiot.connect.influxdb2.sink;

import io.hybridiot.connect.influxdb2.RefusedException;
import io.hybridiot.connect.influxdb2.Version;
import io.hybridiot.connect.influxdb2.client.InfluxConnection;
import io.hybridiot.connect.influxdb2.client.Jmx;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sink's life cycle.
 *
 * <p>{@code put} maps and hands over; writer threads write; offsets are only reported for what InfluxDB took or the
 * error reporter confirmed. While InfluxDB is slow or away, the partitions are paused, so that the task stays a live
 * member of its consumer group however long it takes.
 */
public final class InfluxDB2SinkTask extends SinkTask {
    private static final Logger LOG = LoggerFactory.getLogger(InfluxDB2SinkTask.class);
    /** How long put waits for a writer before it pauses the partitions instead. */
    private static final Duration ROOM_WAIT = Duration.ofMillis(500);
    /** How soon a paused task looks again. */
    private static final long PAUSED_POLL_MS = 200;
    /** How long a commit waits for points under way, so that an orderly stop repeats nothing. */
    private static final Duration FLUSH_WAIT = Duration.ofSeconds(5);

    private final Progress progress = new Progress();
    private final SinkCounts counts = new SinkCounts();
    private PartitionWriters<SinkRecord> lanes;
    private RecordMapper mapper;
    private RejectedRecordReporter refusals;
    private Jmx jmx;
    private InfluxConnection influx;
    private boolean paused;
    /** What ended this task. Connect asks once more for offsets when it closes it: none moves past what failed. */
    private ConnectException failed;

    @Override
    public String version() {
        return Version.get();
    }

    @Override
    public void start(final Map<String, String> properties) {
        final SinkSettings settings = new SinkSettings(properties);
        influx = new InfluxConnection(settings, settings.precision());
        mapper = new RecordMapper(new PointMapper(settings, counts));
        refusals = RejectedRecordReporter.of(context, counts, properties);
        lanes = new PartitionWriters<>(settings, influx, counts, properties.getOrDefault("name", "sink"));
        jmx = Jmx.register("influxdb2-sink-task", properties, counts);
    }

    @Override
    public void put(final Collection<SinkRecord> records) {
        orFail(() -> {
            collect();
            records.forEach(this::hand);
            makeRoom();
        });
    }

    private void orFail(final Runnable work) {
        if (failed != null) {
            throw failed;
        }
        try {
            work.run();
        } catch (final ConnectException e) {
            failed = e;
            throw e;
        }
    }

    private void hand(final SinkRecord record) {
        final TopicPartition partition = new TopicPartition(record.originalTopic(), record.originalKafkaPartition());
        final PartitionWriter<SinkRecord> lane = lanes.of(partition);
        progress.handed(partition, record.originalKafkaOffset());
        if (record.value() == null) {
            counts.tombstone();
            lane.pass(partition, record.originalKafkaOffset());
            return;
        }
        try {
            lane.add(partition, record.originalKafkaOffset(), record, mapper.line(record));
        } catch (final BadRecordException e) {
            refuse(record, e.getMessage());
            lane.pass(partition, record.originalKafkaOffset());
        } catch (final RuntimeException e) {
            // Whatever a converter or transformation made of this record, the others are not to suffer for it.
            LOG.warn("The record at {} cannot be mapped", where(record), e);
            refuse(record, "it cannot be mapped: " + e);
            lane.pass(partition, record.originalKafkaOffset());
        }
    }

    private void refuse(final SinkRecord record, final String why) {
        refusals.report(record, new RefusedException("Record refused: " + why));
    }

    private static String where(final SinkRecord record) {
        return record.originalTopic() + "-" + record.originalKafkaPartition() + "@" + record.originalKafkaOffset();
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
                progress.done(outcome.next());
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
        orFail(this::collect);
        return progress.safe(current);
    }

    @Override
    public void open(final Collection<TopicPartition> partitions) {
        progress.forget(partitions);
    }

    @Override
    public void close(final Collection<TopicPartition> partitions) {
        progress.forget(partitions);
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
