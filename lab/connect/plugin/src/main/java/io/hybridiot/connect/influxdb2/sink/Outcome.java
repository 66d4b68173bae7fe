package io.hybridiot.connect.influxdb2.sink;

import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * What a writer reports: refused points, as soon as it knows of them, and in the end a batch that is done, every point of
 * which is in InfluxDB or was reported as refused.
 *
 * @param next per partition, the offset to go on from; empty while the batch is not done
 */
record Outcome<T>(Map<TopicPartition, Long> next, List<Refused<T>> refused) {
    /** A record that InfluxDB does not take, and its reason. */
    record Refused<T>(T record, String reason) {}
}
