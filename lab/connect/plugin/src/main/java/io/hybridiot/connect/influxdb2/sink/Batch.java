package io.hybridiot.connect.influxdb2.sink;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * Points on their way, the records they were made of, and how far each partition is done once they are written.
 *
 * @param <T> the record, which is only kept and given back
 */
final class Batch<T> {
    private final List<String> lines = new ArrayList<>();
    private final List<T> records = new ArrayList<>();
    private final Map<TopicPartition, Long> next = new HashMap<>();
    private final long openedNanos;

    Batch(final long nowNanos) {
        this.openedNanos = nowNanos;
    }

    void add(final TopicPartition partition, final long offset, final T record, final String line) {
        lines.add(line);
        records.add(record);
        pass(partition, offset);
    }

    /** Notes a record that is not to be written, so that its offset is passed too, and in its turn. */
    void pass(final TopicPartition partition, final long offset) {
        next.put(partition, offset + 1);
    }

    int size() {
        return lines.size();
    }

    boolean isUntouched() {
        return next.isEmpty();
    }

    long openedNanos() {
        return openedNanos;
    }

    List<String> lines() {
        return lines;
    }

    List<T> records() {
        return records;
    }

    /** Per partition, the offset to go on from once this batch is done. */
    Map<TopicPartition, Long> next() {
        return next;
    }
}
