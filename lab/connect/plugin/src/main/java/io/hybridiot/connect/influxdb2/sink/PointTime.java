package io.hybridiot.connect.influxdb2.sink;

import com.influxdb.client.domain.WritePrecision;
import io.hybridiot.connect.influxdb2.client.Nanos;
import io.hybridiot.connect.influxdb2.client.Times;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Date;

/** Reads times into the unit that points are written in. */
final class PointTime {
    /** 2000-01-01 in nanoseconds: an earlier time most likely came in another unit. */
    private static final long YEAR_2000 = Nanos.of(Instant.parse("2000-01-01T00:00:00Z"));

    private final long unitNanos;
    private final SinkCounts counts;

    PointTime(final WritePrecision precision, final SinkCounts counts) {
        this.counts = counts;
        this.unitNanos = switch (precision) {
            case S -> Nanos.PER_SECOND;
            case MS -> Nanos.PER_MILLI;
            case US -> 1_000L;
            case NS -> 1L;
        };
    }

    long ofMillis(final long millis) throws BadRecordException {
        try {
            return Math.floorDiv(Math.multiplyExact(millis, Nanos.PER_MILLI), unitNanos);
        } catch (final ArithmeticException e) {
            throw new BadRecordException("its time, " + millis + " ms, lies beyond the years 1677 to 2262", e);
        }
    }

    /** The value of a time field. */
    long read(final String name, final Object value) throws BadRecordException {
        if (value instanceof Date date) {
            return ofMillis(date.getTime());
        }
        if (value instanceof String text) {
            return parse(name, text);
        }
        if (value instanceof Number number) {
            return inRange(name, whole(name, number));
        }
        throw new BadRecordException(value == null
            ? "it has no time: field '" + name + "' is missing"
            : "its time field '" + name + "' is neither a whole number nor text: " + value);
    }

    /** Also 1.768e15, which is a whole number in another form. */
    private static long whole(final String name, final Number number) throws BadRecordException {
        try {
            return number instanceof BigInteger big ? big.longValueExact()
                : number instanceof Long whole ? whole : new BigDecimal(number.toString()).longValueExact();
        } catch (final ArithmeticException | NumberFormatException e) {
            throw new BadRecordException("its time field '" + name + "' is not a whole number of 64 bits: " + number, e);
        }
    }

    private long inRange(final String name, final long units) throws BadRecordException {
        try {
            if (Math.multiplyExact(units, unitNanos) < YEAR_2000) {
                counts.early(name, units);
            }
        } catch (final ArithmeticException e) {
            throw new BadRecordException("its time field '" + name + "' (" + units + ") lies beyond the years 1677 to 2262 in the unit of "
                + SinkSettings.PRECISION, e);
        }
        return units;
    }

    private long parse(final String name, final String text) throws BadRecordException {
        try {
            return Math.floorDiv(Times.read(text), unitNanos);
        } catch (final DateTimeException | ArithmeticException e) {
            throw new BadRecordException("its time field '" + name + "' is not an ISO 8601 time with an offset, between 1677 and 2262: "
                + text, e);
        }
    }
}
