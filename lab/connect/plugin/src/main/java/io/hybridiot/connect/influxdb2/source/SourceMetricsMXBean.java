package io.hybridiot.connect.influxdb2.source;

/** What JMX shows of one source task, counted since it started. */
public interface SourceMetricsMXBean {
    /** Rows handed to Connect. */
    long getRowsRead();

    /** Rows handed over that lay below the newest one when their sweep began: a source without look-back loses them. */
    long getLookbackHits();

    /** Rows met again within the look-back and left out. */
    long getRowsSeenAgain();

    /** Queries answered. */
    long getQueries();

    /** Mean time of a query, in milliseconds. */
    double getQueryLatencyAvgMs();

    /** Queries repeated after passing trouble. */
    long getRetries();

    /** Why the last query failed; empty when all is well. */
    String getLastTrouble();
}
