package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.Nanos;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.Map;

/**
 * How far the source is: rows before {@code time} are done, and of those from {@code time} on, the ones in
 * {@code seen} are. As an offset it is {@code {"time": "2026-01-01T00:00:00Z", "seen": "..."}}; one that a person writes
 * needs only the time.
 */
record Position(long time, DeliveredRows seen) {
    static final String TIME = "time";
    static final String SEEN = "seen";
    /** Kafka takes messages up to a megabyte; offsets stay well below. */
    private static final int MAX_SEEN_LENGTH = 600_000;
    private static final int MAX_SEEN_ROWS = 200_000;

    /** As an offset of Connect. */
    Map<String, Object> toMap() {
        final String packed = seen.size() > MAX_SEEN_ROWS ? "" : DeliveredRowsCodec.encode(seen);
        // Beyond the limits the rows are not remembered: after a restart they are read, and come, again. None is lost.
        return Map.of(TIME, Nanos.instant(time).toString(), SEEN, packed.length() > MAX_SEEN_LENGTH ? "" : packed);
    }

    /** Reads an offset. Throws IllegalArgumentException, saying what is wrong with it. */
    static Position of(final Map<String, ?> offset) {
        for (final String name : offset.keySet()) {
            if (!TIME.equals(name) && !SEEN.equals(name)) {
                throw new IllegalArgumentException("offset has '" + name + "'; it may have only `time` and `seen`");
            }
        }
        final Object seen = offset.get(SEEN);
        return new Position(parse(offset.get(TIME)), DeliveredRowsCodec.decode(seen == null ? "" : seen.toString()));
    }

    static long parse(final Object time) {
        try {
            return Nanos.of(OffsetDateTime.parse(String.valueOf(time)).toInstant());
        } catch (final DateTimeException | ArithmeticException e) {
            throw new IllegalArgumentException(
                "`time` must be an ISO 8601 time such as 2026-01-01T00:00:00Z, and is " + time, e);
        }
    }
}
