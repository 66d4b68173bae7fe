package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.InfluxConnection;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.Nanos;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A sweep with the clock and the bucket it works on, in either mode. */
final class Rows implements AutoCloseable {
    private static final int LOOKS = 5;

    private final TimeRange range;
    private final SeriesKey series;
    private final SourceSettings settings;
    private final SourceCounts counts;
    private final ExecutorService reader = Executors.newSingleThreadExecutor(Rows::thread);
    private RescanWindow sweep;

    private Rows(final TimeRange range, final SeriesKey series, final SourceSettings settings, final SourceCounts counts) {
        this.range = range;
        this.series = series;
        this.settings = settings;
        this.counts = counts;
    }

    static Rows of(
            final SourceSettings settings, final Position start, final InfluxConnection influx, final SourceCounts counts) {
        final SeriesKey series = new SeriesKey(influx, settings.bucket(), settings.query().isEmpty());
        final TimeRange bucket = new LearningRange(range(settings, influx, counts), series);
        final Rows rows = new Rows(bucket, series, settings, counts);
        rows.sweep = rows.from(start);
        return rows;
    }

    private static TimeRange range(final SourceSettings settings, final InfluxConnection influx, final SourceCounts counts) {
        if (settings.query().isEmpty()) {
            return new BucketRange(influx, settings, ShardGroups.always(influx::shardGroupDuration), counts);
        }
        return new OwnQuery(influx, QueryTemplate.own(settings.query().get(), settings.bucket()),
            ShardGroups.present(influx::shardGroupDuration), counts);
    }

    private RescanWindow from(final Position start) {
        final boolean settle = !settings.bulk() && !settings.settle().isZero();
        // The last looks at a row that came as late as allowed need some room of their own.
        final Duration window = settings.lookback().plus(settings.settle().multipliedBy(LOOKS));
        return new RescanWindow(range, start, window.toNanos(), settings.batchSize(), settle, series::of, counts, reader);
    }

    private static Thread thread(final Runnable work) {
        final Thread thread = new Thread(work, "influxdb2-source-reader");
        thread.setDaemon(true);
        return thread;
    }

    RescanWindow.Step step() throws InfluxRequestException {
        if (settings.bulk() && !sweep.isSweeping()) {
            sweep = from(new Position(settings.start(), new DeliveredRows()));
        }
        final Instant now = Instant.now();
        final Duration delay = settings.delay();
        return sweep.step(Nanos.of(now), Nanos.of(now.minus(delay)));
    }

    /** How long to wait before the next step: not at all within a sweep, less than the poll interval to look again. */
    Duration pause() {
        if (sweep.isSweeping()) {
            return Duration.ZERO;
        }
        final Duration interval = settings.pollInterval();
        return sweep.hasUnsettled() && settings.settle().compareTo(interval) < 0 ? settings.settle() : interval;
    }

    @Override
    public void close() {
        reader.shutdownNow();
    }
}
