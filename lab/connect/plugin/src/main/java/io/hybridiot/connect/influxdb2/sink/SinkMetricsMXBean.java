package io.hybridiot.connect.influxdb2.sink;

/** What JMX shows of one sink task, counted since it started. */
public interface SinkMetricsMXBean {
    /** Points that InfluxDB took. */
    long getPointsWritten();

    /** Requests that were divided because InfluxDB refused something in them. */
    long getBatchesSplit();

    /** Records handed to Connect's error reporter, by the mapping or by InfluxDB. */
    long getRecordsRefused();

    /** Records without a value. */
    long getTombstonesIgnored();

    /** Fields that were objects or lists, and are in no point. */
    long getFieldsLeftOut();

    /** Records whose time field lies before the year 2000: most likely in another unit than write.precision. */
    long getTimesBefore2000();

    /** Requests repeated after passing trouble. */
    long getRetries();

    /** Write requests that InfluxDB answered with success. */
    long getWriteRequests();

    /** Mean time of a successful write request, in milliseconds. */
    double getWriteLatencyAvgMs();

    /** Longest successful write request, in milliseconds. */
    double getWriteLatencyMaxMs();

    /** Why the request under way is being retried; empty when all is well. */
    String getLastTrouble();
}
