package io.hybridiot.connect.influxdb2.sink;

import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * A batch that is done: every point is in InfluxDB except the refused.
 *
 * @param next per partition, the offset to go on from
 */
record Outcome<T>(Map<TopicPartition, Long> next, List<Refused<T>> refused) {
    /** A record that InfluxDB does not take, and its reason. */
    record Refused<T>(T record, String reason) {}
}
