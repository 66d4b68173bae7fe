package io.hybridiot.connect.influxdb2.client;

import java.time.Instant;

/** Times as InfluxDB keeps them: a signed 64-bit count of nanoseconds since the epoch, 1677 to 2262. */
public final class Nanos {
    public static final long PER_SECOND = 1_000_000_000L;
    public static final long PER_MILLI = 1_000_000L;

    private Nanos() {}

    public static long of(final Instant instant) {
        return Math.addExact(Math.multiplyExact(instant.getEpochSecond(), PER_SECOND), instant.getNano());
    }

    public static Instant instant(final long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, PER_SECOND), Math.floorMod(nanos, PER_SECOND));
    }
}
