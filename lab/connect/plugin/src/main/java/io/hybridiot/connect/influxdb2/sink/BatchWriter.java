package io.hybridiot.connect.influxdb2.sink;

import io.hybridiot.connect.influxdb2.client.Backoff;
import io.hybridiot.connect.influxdb2.client.InfluxFailure;
import io.hybridiot.connect.influxdb2.client.InfluxFailure.Kind;
import io.hybridiot.connect.influxdb2.client.LineWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a batch until every point of it is either taken or known to be refused.
 *
 * <p>Passing trouble is waited out. When InfluxDB refuses something (400: nothing of the request was written; 422:
 * all but an unnamed few were), the request is halved until the guilty stand alone. Writing a good point again with
 * its half is harmless: it overwrites itself.
 */
final class BatchWriter<T> {
    private static final Logger LOG = LoggerFactory.getLogger(BatchWriter.class);

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
     * @throws InfluxFailure when the set-up is wrong or the retries are used up
     * @throws InterruptedException when the task stops meanwhile
     */
    Outcome<T> write(final Batch<T> batch) throws InfluxFailure, InterruptedException {
        final List<Outcome.Refused<T>> refused = new ArrayList<>();
        if (batch.size() > 0) {
            write(batch.lines(), batch.records(), refused);
        }
        return new Outcome<>(batch.next(), refused);
    }

    private void write(final List<String> lines, final List<T> records, final List<Outcome.Refused<T>> refused)
            throws InfluxFailure, InterruptedException {
        final InfluxFailure failure = attempt(lines);
        if (failure == null) {
            counts.written(lines.size());
        } else if (lines.size() == 1) {
            refused.add(new Outcome.Refused<>(records.get(0), failure.getMessage()));
        } else {
            counts.split();
            final int half = lines.size() / 2;
            write(lines.subList(0, half), records.subList(0, half), refused);
            write(lines.subList(half, lines.size()), records.subList(half, records.size()), refused);
        }
    }

    /** Null when the lines were taken, the failure when they must be halved. */
    private InfluxFailure attempt(final List<String> lines) throws InfluxFailure, InterruptedException {
        for (int retry = 1; ; retry++) {
            final long start = System.nanoTime();
            try {
                writer.write(lines);
                counts.requestTook(System.nanoTime() - start);
                return null;
            } catch (final InfluxFailure failure) {
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
