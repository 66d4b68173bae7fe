package io.hybridiot.connect.influxdb2.source;

import java.util.concurrent.atomic.LongAdder;

/** What the source counts. */
public final class SourceCounts implements SourceMetricsMXBean {
    private static final double NANOS_PER_MILLI = 1e6;

    private final LongAdder handed = new LongAdder();
    private final LongAdder late = new LongAdder();
    private final LongAdder seenAgain = new LongAdder();
    private final LongAdder queries = new LongAdder();
    private final LongAdder queryNanos = new LongAdder();
    private final LongAdder retries = new LongAdder();
    private volatile String lastTrouble = "";

    void handed(final int rows) {
        handed.add(rows);
    }

    void late() {
        late.increment();
    }

    void seenAgain() {
        seenAgain.increment();
    }

    void queryTook(final long nanos) {
        queries.increment();
        queryNanos.add(nanos);
        lastTrouble = "";
    }

    void retry(final String why) {
        retries.increment();
        lastTrouble = why;
    }

    @Override
    public long getRowsRead() {
        return handed.sum();
    }

    @Override
    public long getLookbackHits() {
        return late.sum();
    }

    @Override
    public long getRowsSeenAgain() {
        return seenAgain.sum();
    }

    @Override
    public long getQueries() {
        return queries.sum();
    }

    @Override
    public double getQueryLatencyAvgMs() {
        final long count = queries.sum();
        return count == 0 ? 0 : queryNanos.sum() / NANOS_PER_MILLI / count;
    }

    @Override
    public long getRetries() {
        return retries.sum();
    }

    @Override
    public String getLastTrouble() {
        return lastTrouble;
    }
}
