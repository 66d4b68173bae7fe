package io.hybridiot.connect.influxdb2.sink;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the sink counts; writers of one task share it. */
public final class SinkCounts implements SinkMetricsMXBean {
    private static final Logger LOG = LoggerFactory.getLogger(SinkCounts.class);
    private static final double NANOS_PER_MILLI = 1e6;
    private static final int MOST_NAMES = 1000;

    private final LongAdder points = new LongAdder();
    private final LongAdder requests = new LongAdder();
    private final LongAdder requestNanos = new LongAdder();
    private final AtomicLong slowest = new AtomicLong();
    private final LongAdder splits = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder retries = new LongAdder();
    private final LongAdder tombstones = new LongAdder();
    private final LongAdder left = new LongAdder();
    private final LongAdder early = new LongAdder();
    private final Set<String> namesLeft = ConcurrentHashMap.newKeySet();
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

    /** An object or a list, which no point can hold; each name is logged once. */
    void leftOut(final String name) {
        left.increment();
        if (namesLeft.size() < MOST_NAMES && namesLeft.add(name)) {
            LOG.warn("Field {} is an object or a list: it is left out of every point", name);
        }
    }

    /** A time before the year 2000; the first one is logged. */
    void early(final String field, final long units) {
        if (early.sum() == 0) {
            LOG.warn("Time field {} is {}, a time before the year 2000: is it in the unit of {}?", field, units, SinkSettings.PRECISION);
        }
        early.increment();
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
    public long getFieldsLeftOut() {
        return left.sum();
    }

    @Override
    public long getTimesBefore2000() {
        return early.sum();
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
