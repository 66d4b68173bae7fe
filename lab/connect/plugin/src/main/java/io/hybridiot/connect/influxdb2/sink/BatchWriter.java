package io.hybridiot.connect.influxdb2.sink;

import io.hybridiot.connect.influxdb2.client.Backoff;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException.Kind;
import io.hybridiot.connect.influxdb2.client.LineWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a batch until every point of it is either taken or known to be refused.
 *
 * <p>Passing trouble is waited out. When InfluxDB refuses something (400: nothing of the request was written; 422:
 * all but some were), its words tell {@link Suspects}: they are asked for alone, and the others without them. Where the words do
 * not help, the request is halved. No point counts as refused unless InfluxDB said so of a request in which every point was
 * refused. Writing a good point again is harmless: it overwrites itself.
 */
final class BatchWriter<T> {
    private static final Logger LOG = LoggerFactory.getLogger(BatchWriter.class);
    /** So many reasons are taken out of a request one after another before it is halved. */
    private static final int MOST_REASONS = 64;

    /** Waits; returns false when the wait was cut short because the task stops. */
    @FunctionalInterface
    interface Pause {
        boolean of(Duration time) throws InterruptedException;
    }

    private final LineWriter writer;
    private final Backoff backoff;
    private final SinkCounts counts;
    private final Pause pause;
    private final RandomGenerator random;

    BatchWriter(
            final LineWriter writer, final Backoff backoff, final SinkCounts counts, final Pause pause,
            final RandomGenerator random) {
        this.writer = writer;
        this.backoff = backoff;
        this.counts = counts;
        this.pause = pause;
        this.random = random;
    }

    /**
     * Writes a batch.
     *
     * @param refusals given refused points as they are found, before the batch is done
     * @return how far each partition is done
     * @throws InfluxFailure when the set-up is wrong or the retries are used up
     * @throws InterruptedException when the task stops in the middle of it
     */
    Outcome<T> write(final Batch<T> batch, final Consumer<Outcome<T>> refusals) throws InfluxRequestException, InterruptedException {
        if (batch.size() > 0) {
            write(new Points<>(batch.lines(), batch.records()), refusals);
        }
        return new Outcome<>(batch.next(), List.of());
    }

    private void write(final Points<T> request, final Consumer<Outcome<T>> refusals)
            throws InfluxRequestException, InterruptedException {
        Points<T> points = request;
        for (int reasons = 0; points.size() > 0; reasons++) {
            final InfluxRequestException failure = attempt(points.lines());
            if (failure == null) {
                counts.written(points.size());
                return;
            }
            final Suspects suspects = Suspects.of(failure.getMessage(), points.lines());
            if (points.size() == 1 || failure.kind() == Kind.REFUSED && suspects.areAllRefused()) {
                refuse(points, suspects, refusals);
                return;
            }
            counts.split();
            if (failure.kind() == Kind.TOO_LARGE || suspects.count() == 0 || reasons == MOST_REASONS) {
                halve(points, refusals);
                return;
            }
            if (suspects.count() == points.size()) {
                halve(points.byTime(), refusals);  // in another stretch of time the field may have another type
                return;
            }
            write(points.where(suspects.points(), true), refusals);
            points = points.where(suspects.points(), false);
        }
    }

    private void halve(final Points<T> points, final Consumer<Outcome<T>> refusals)
            throws InfluxRequestException, InterruptedException {
        final int half = points.size() / 2;
        write(points.slice(0, half), refusals);
        write(points.slice(half, points.size()), refusals);
    }

    private void refuse(final Points<T> points, final Suspects suspects, final Consumer<Outcome<T>> refusals) {
        final List<Outcome.Refused<T>> refused = new ArrayList<>(points.size());
        for (int i = 0; i < points.size(); i++) {
            refused.add(new Outcome.Refused<>(points.records().get(i), suspects.reason(i)));
        }
        refusals.accept(new Outcome<>(Map.of(), refused));
    }

    /** Null when the lines were taken, the failure when they must be halved. */
    private InfluxRequestException attempt(final List<String> lines) throws InfluxRequestException, InterruptedException {
        for (int retry = 1; ; retry++) {
            final long start = System.nanoTime();
            try {
                writer.write(lines);
                counts.requestTook(System.nanoTime() - start);
                return null;
            } catch (final InfluxRequestException failure) {
                if (failure.kind() == Kind.REFUSED || failure.kind() == Kind.TOO_LARGE) {
                    return failure;
                }
                if (failure.kind() == Kind.SETUP || !backoff.allows(retry)) {
                    throw failure;
                }
                counts.retry(failure.getMessage());
                final Duration wait = backoff.delay(retry, failure, random);
                LOG.warn("Write of {} points failed, retry {} in {} ms: {}", lines.size(), retry, wait.toMillis(), failure.getMessage());
                waitFor(wait);
            }
        }
    }

    private void waitFor(final Duration time) throws InterruptedException {
        if (!pause.of(time)) {
            throw new InterruptedException("the task stops");
        }
    }
}
