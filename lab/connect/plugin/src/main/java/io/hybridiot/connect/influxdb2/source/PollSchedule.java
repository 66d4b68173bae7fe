package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.Backoff;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException.Kind;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** When the source asks next: after the pause it is told, after a failure later and later. */
final class PollSchedule {
    /** Connect wants poll to come back now and then, so that it can pause and commit. */
    private static final long LONGEST_WAIT = TimeUnit.MILLISECONDS.toNanos(500);

    private final CountDownLatch stopped = new CountDownLatch(1);
    private final RandomGenerator random = RandomGenerator.getDefault();
    private final Backoff backoff;
    private long due = System.nanoTime();
    private int retries;

    PollSchedule(final Backoff backoff) {
        this.backoff = backoff;
    }

    /** Waits a while for the time to ask; false when it has not come. */
    boolean await() throws InterruptedException {
        final long left = due - System.nanoTime();
        if (left > 0) {
            stopped.await(Math.min(left, LONGEST_WAIT), TimeUnit.NANOSECONDS);
        }
        return due - System.nanoTime() <= 0 && stopped.getCount() > 0;
    }

    /** Notes a success; the next question is due after {@code pause}. */
    void succeeded(final Duration pause) {
        retries = 0;
        due = System.nanoTime() + pause.toNanos();
    }

    /** Notes a failure; false when it is not to be retried. */
    boolean failed(final InfluxRequestException failure) {
        retries++;
        if (failure.kind() != Kind.PASSING || !backoff.allows(retries)) {
            return false;
        }
        due = System.nanoTime() + backoff.delay(retries, failure, random).toNanos();
        return true;
    }

    void stop() {
        stopped.countDown();
    }
}
