package io.hybridiot.connect.influxdb2.sink;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * How far each partition is done, and how far it was handed to the task.
 *
 * <p>Records that a converter or a transformation dropped never reach the task. Connect knows the position behind them: it may
 * be committed as soon as nothing of the partition is under way.
 */
final class Progress {
    private final Map<TopicPartition, Long> handed = new HashMap<>();
    private final Map<TopicPartition, Long> done = new HashMap<>();

    /** Notes a record that Connect delivered. */
    void handed(final TopicPartition partition, final long offset) {
        handed.put(partition, offset + 1);
    }

    /** Notes, per partition, the offset to go on from. */
    void done(final Map<TopicPartition, Long> next) {
        done.putAll(next);
    }

    void forget(final Collection<TopicPartition> partitions) {
        partitions.forEach(handed::remove);
        partitions.forEach(done::remove);
    }

    /** What may be committed of Connect's own positions. */
    Map<TopicPartition, OffsetAndMetadata> safe(final Map<TopicPartition, OffsetAndMetadata> positions) {
        final Map<TopicPartition, OffsetAndMetadata> safe = new HashMap<>();
        positions.forEach((partition, position) -> {
            final Long next = done.get(partition);
            if (isIdle(partition, next)) {
                safe.put(partition, position);
            } else if (next != null) {
                safe.put(partition, new OffsetAndMetadata(next));
            }
        });
        return safe;
    }

    private boolean isIdle(final TopicPartition partition, final Long next) {
        final Long last = handed.get(partition);
        return last == null || next != null && next >= last;
    }
}
