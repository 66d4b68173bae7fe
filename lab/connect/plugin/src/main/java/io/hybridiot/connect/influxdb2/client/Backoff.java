package io.hybridiot.connect.influxdb2.client;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before trying again.
 *
 * @param first wait before the first retry; it doubles from there
 * @param longest where doubling ends
 * @param maxRetries how many retries there are, -1 for no end
 */
public record Backoff(Duration first, Duration longest, int maxRetries) {
    private static final int DOUBLINGS = 20;

    /** Whether retry number {@code retry} (from 1) may still be made. */
    public boolean allows(final int retry) {
        return maxRetries < 0 || retry <= maxRetries;
    }

    /** The wait before retry number {@code retry} (from 1), between 80 and 100 % of the doubled time, so that tasks spread. */
    public Duration delay(final int retry, final RandomGenerator random) {
        final int doublings = Math.min(retry - 1, DOUBLINGS);
        final long millis = Math.min(longest.toMillis(), first.toMillis() << doublings);
        return Duration.ofMillis(Math.round(millis * (0.8 + 0.2 * random.nextDouble())));
    }

    /** The wait before a retry of {@code failure}: the server's Retry-After when that is longer. */
    public Duration delay(final int retry, final InfluxRequestException failure, final RandomGenerator random) {
        final Duration own = delay(retry, random);
        return failure.retryAfter().filter(asked -> asked.compareTo(own) > 0).orElse(own);
    }
}
