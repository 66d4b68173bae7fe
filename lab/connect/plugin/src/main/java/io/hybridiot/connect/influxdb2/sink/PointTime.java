package io.hybridiot.connect.influxdb2.sink;

import com.influxdb.client.domain.WritePrecision;
import io.hybridiot.connect.influxdb2.client.Nanos;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Date;

/** Reads times into the unit that points are written in. */
final class PointTime {
    private final long unitNanos;

    PointTime(final WritePrecision precision) {
        this.unitNanos = switch (precision) {
            case S -> Nanos.PER_SECOND;
            case MS -> Nanos.PER_MILLI;
            case US -> 1_000L;
            case NS -> 1L;
        };
    }

    long ofMillis(final long millis) throws BadRecord {
        try {
            return Math.floorDiv(Math.multiplyExact(millis, Nanos.PER_MILLI), unitNanos);
        } catch (final ArithmeticException e) {
            throw new BadRecord("its time, " + millis + " ms, lies beyond the years 1677 to 2262", e);
        }
    }

    /** The value of a time field. */
    long read(final String name, final Object value) throws BadRecord {
        if (value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return inRange(name, ((Number) value).longValue());
        }
        if (value instanceof BigInteger big && big.bitLength() <= 63) {
            return inRange(name, big.longValue());
        }
        if (value instanceof Date date) {
            return ofMillis(date.getTime());
        }
        if (value instanceof String text) {
            return parse(name, text);
        }
        throw new BadRecord(value == null
            ? "it has no time: field '" + name + "' is missing"
            : "its time field '" + name + "' is neither a whole number nor text: " + value);
    }

    private long inRange(final String name, final long units) throws BadRecord {
        if (Math.abs((double) units) * unitNanos > Long.MAX_VALUE) {
            throw new BadRecord("its time field '" + name + "' (" + units + ") lies beyond the years 1677 to 2262 in the unit of "
                + SinkSettings.PRECISION);
        }
        return units;
    }

    private long parse(final String name, final String text) throws BadRecord {
        try {
            final Instant instant = OffsetDateTime.parse(text).toInstant();
            return Math.floorDiv(Nanos.of(instant), unitNanos);
        } catch (final DateTimeException | ArithmeticException e) {
            throw new BadRecord("its time field '" + name + "' is not an ISO 8601 time with an offset: " + text, e);
        }
    }
}
