package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.Row;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * Reads a stretch of time in slices of about one batch, each of them whole.
 *
 * <p>Slicing by time and not by count means that rows with equal times can never be parted by a batch's end, and that
 * InfluxDB never sorts more than a slice. A slice's width follows how dense the rows lie; one that holds far too many is
 * read again, narrower. Gaps are jumped. No slice reaches over a boundary, beyond which a query might not show all there is.
 */
final class Slicer {
    private static final long FIRST_WIDTH = TimeUnit.SECONDS.toNanos(10);
    private static final int MOST_TIMES_TARGET = 4;
    private static final double MOST_GROWTH = 4;

    private final TimeRange range;
    private final int target;
    private long width = FIRST_WIDTH;
    private long cursor;
    private long stop;

    /**
     * A slicer that is at its end.
     *
     * @param target rows wanted in a slice
     */
    Slicer(final TimeRange range, final int target) {
        this.range = range;
        this.target = target;
    }

    /** Starts on rows with from &lt;= time &lt; to. */
    void begin(final long from, final long to) {
        cursor = from;
        stop = to;
    }

    boolean atEnd() {
        return cursor >= stop;
    }

    /** The next slice, sorted by time; it can be empty. A failure leaves the slicer where it was. */
    List<Row> next() throws InfluxRequestException {
        while (true) {
            final long end = Math.min(range.boundary(cursor), cursor > stop - width ? stop : cursor + width);
            final boolean narrowest = end - cursor == 1;
            final int most = narrowest ? Integer.MAX_VALUE : target * MOST_TIMES_TARGET;
            final TimeRange.Page page = range.read(cursor, end, most);
            if (page.whole()) {
                advance(page.rows(), end);
                return page.rows().stream().sorted(Comparator.comparingLong(Row::time)).toList();
            }
            width = Math.max(1, (end - cursor) / 4);
        }
    }

    private void advance(final List<Row> rows, final long end) throws InfluxRequestException {
        if (rows.isEmpty() && end < stop) {
            final OptionalLong first = range.firstTime(end, stop);
            grow(MOST_GROWTH);
            cursor = first.orElse(stop);
        } else {
            grow(Math.min(MOST_GROWTH, Math.max(1 / MOST_GROWTH, (double) target / Math.max(1, rows.size()))));
            cursor = end;
        }
    }

    private void grow(final double factor) {
        width = Math.max(1, (long) Math.min(Long.MAX_VALUE / 8.0, width * factor));
    }
}
