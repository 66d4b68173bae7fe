package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import java.time.Duration;
import java.time.Instant;

/**
 * Where the bucket's shard groups may begin and end.
 *
 * <p>InfluxDB cuts time at multiples of a bucket's shard-group duration, counted from the first of January of year 1. The
 * duration can have been another one earlier; but it is at least an hour, and one to seven days unless a person chose it. Hence
 * every whole hour counts as an end, and the multiples of the present duration where it is no number of whole hours. InfluxDB is
 * asked for it once; a token that may not see the bucket's settings leaves the whole hours.
 */
final class ShardGroups {
    private static final long HOUR = 3600;
    /** Seconds from year 1 to the epoch. */
    private static final long ZERO = -Instant.parse("0001-01-01T00:00:00Z").getEpochSecond();
    private static final long NANOS = 1_000_000_000L;

    private static final long NOT_ASKED = -1;

    private final Question asked;
    private final boolean hourly;
    private long seconds = NOT_ASKED;

    /** Asks for the bucket's shard-group duration; zero when it is not known. */
    @FunctionalInterface
    interface Question {
        Duration ask() throws InfluxRequestException;
    }

    private ShardGroups(final Question asked, final boolean hourly) {
        this.asked = asked;
        this.hourly = hourly;
    }

    /** Ends that hold whatever the bucket's duration was before. */
    static ShardGroups always(final Question asked) {
        return new ShardGroups(asked, true);
    }

    /** Ends by the present duration only; none where it is not known. For queries of which gaps cannot be jumped: hours are many. */
    static ShardGroups present(final Question asked) {
        return new ShardGroups(asked, false);
    }

    /** The duration in seconds; zero when it adds no ends. */
    private long seconds() throws InfluxRequestException {
        if (seconds == NOT_ASKED) {
            final long found = asked.ask().getSeconds();
            seconds = hourly && found % HOUR == 0 ? 0 : found;
        }
        return seconds;
    }

    /** The first end after a time; in nanoseconds since the epoch. */
    long endOf(final long time) throws InfluxRequestException {
        final long hour = hourly ? next(time, HOUR) : Long.MAX_VALUE;
        return seconds() == 0 ? hour : Math.min(hour, next(time, seconds));
    }

    /** The last end at or before a time. */
    long startOf(final long time) throws InfluxRequestException {
        final long hour = hourly ? last(time, HOUR) : Long.MIN_VALUE;
        return seconds() == 0 ? hour : Math.max(hour, last(time, seconds));
    }

    private static long next(final long time, final long width) {
        final long end = last(time, width) / NANOS + width;
        return end > Long.MAX_VALUE / NANOS ? Long.MAX_VALUE : end * NANOS;
    }

    private static long last(final long time, final long width) {
        final long second = Math.floorDiv(time, NANOS);
        final long start = second - Math.floorMod(second + ZERO, width);
        return start < Long.MIN_VALUE / NANOS ? Long.MIN_VALUE : start * NANOS;
    }
}
