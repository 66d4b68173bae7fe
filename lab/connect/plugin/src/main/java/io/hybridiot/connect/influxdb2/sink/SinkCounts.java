package io.hybridiot.connect.influxdb2.sink;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** What the sink counts; writers of one task share it. */
public final class SinkCounts implements SinkMetricsMXBean {
    private static final double NANOS_PER_MILLI = 1e6;

    private final LongAdder points = new LongAdder();
    private final LongAdder requests = new LongAdder();
    private final LongAdder requestNanos = new LongAdder();
    private final AtomicLong slowest = new AtomicLong();
    private final LongAdder splits = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder retries = new LongAdder();
    private final LongAdder tombstones = new LongAdder();
    private volatile String lastTrouble = "";

    void written(final int count) {
        points.add(count);
        lastTrouble = "";
    }

    void requestTook(final long nanos) {
        requests.increment();
        requestNanos.add(nanos);
        slowest.accumulateAndGet(nanos, Math::max);
    }

    void split() {
        splits.increment();
    }

    void refused() {
        refused.increment();
    }

    void tombstone() {
        tombstones.increment();
    }

    void retry(final String why) {
        retries.increment();
        lastTrouble = why;
    }

    @Override
    public long getPointsWritten() {
        return points.sum();
    }

    @Override
    public long getBatchesSplit() {
        return splits.sum();
    }

    @Override
    public long getRecordsRefused() {
        return refused.sum();
    }

    @Override
    public long getTombstonesIgnored() {
        return tombstones.sum();
    }

    @Override
    public long getRetries() {
        return retries.sum();
    }

    @Override
    public long getWriteRequests() {
        return requests.sum();
    }

    @Override
    public double getWriteLatencyAvgMs() {
        final long count = requests.sum();
        return count == 0 ? 0 : requestNanos.sum() / NANOS_PER_MILLI / count;
    }

    @Override
    public double getWriteLatencyMaxMs() {
        return slowest.get() / NANOS_PER_MILLI;
    }

    @Override
    public String getLastTrouble() {
        return lastTrouble;
    }
}
