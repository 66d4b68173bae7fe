package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.Row;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.ToLongFunction;

/**
 * Finds the rows that have not been handed over yet, late ones too. All times are nanoseconds since the epoch.
 *
 * <p>It goes over the data in sweeps, each from the floor up to the present. Two rules hold:
 * <ol>
 * <li>{@code seen} knows every row at or above the floor that was handed over.</li>
 * <li>The floor stays a look-back below the start of the sweep, and a look-back below the newest row handed over.</li>
 * </ol>
 * So a row that becomes visible no later than the look-back after its own time is met by this sweep or by the next,
 * however the series' speeds differ. Where the devices' clocks are slow, the newest row takes the present's place.
 * No row at or above the floor comes twice.
 *
 * <p>InfluxDB shows a point while its fields are still being written, one after another. A row young enough for that is
 * therefore handed over only when two sweeps found it the same: see {@link StabilityFilter}.
 */
final class RescanWindow {
    /** Rows to hand over, and the position that is true once all of them were. */
    record Step(List<Row> rows, Position position) {}

    private final ReadAhead ahead;
    private final ToLongFunction<Row> series;
    private final SourceCounts counts;
    private final long lookback;
    private final int batchSize;
    private final DeliveredRows seen;
    private final StabilityFilter settling;
    private final Deque<Row> pending = new ArrayDeque<>();

    private long floor;
    private long began;
    private long newest;
    private long newestAtBegin = Long.MIN_VALUE;
    private boolean sweeping;

    RescanWindow(
            final TimeRange range, final Position start, final long lookback, final int batchSize,
            final boolean settle, final ToLongFunction<Row> series, final SourceCounts counts, final Executor executor) {
        this.ahead = new ReadAhead(new Slicer(range, batchSize), executor);
        this.floor = start.time();
        this.seen = start.seen();
        this.newest = seen.newest().orElse(Long.MIN_VALUE);
        this.lookback = lookback;
        this.batchSize = batchSize;
        this.settling = new StabilityFilter(settle);
        this.series = series;
        this.counts = counts;
    }

    /** Whether the last sweep met rows that the next one is to look at again. */
    boolean hasUnsettled() {
        return settling.hasUnsettled();
    }

    /** Whether a sweep is under way; when none is, the next step begins one. */
    boolean isSweeping() {
        return sweeping;
    }

    /**
     * Makes one step.
     *
     * @param now the present
     * @param stop where to stop reading, at most the present
     */
    Step step(final long now, final long stop) throws InfluxRequestException {
        if (!sweeping) {
            begin(now, stop);
        }
        if (pending.isEmpty() && !ahead.atEnd()) {
            ahead.next().ifPresent(slice -> slice.forEach(this::consider));
        }
        final List<Row> rows = take();
        if (pending.isEmpty()) {
            raiseFloor();
            sweeping = !ahead.atEnd();
        }
        return new Step(rows, new Position(floor, seen));
    }

    private void begin(final long now, final long stop) {
        sweeping = true;
        began = now;
        newestAtBegin = newest;
        settling.begin(now - lookback);
        ahead.begin(floor, stop);
    }

    private void consider(final Row row) {
        final long key = series.applyAsLong(row);
        if (seen.contains(key, row.time())) {
            counts.seenAgain();
        } else if (settling.isSettled(key, row)) {
            pending.add(row);
        }
    }

    private List<Row> take() {
        final List<Row> rows = new ArrayList<>(Math.min(batchSize, pending.size()));
        while (!pending.isEmpty() && rows.size() < batchSize) {
            final Row row = pending.remove();
            if (row.time() < newestAtBegin) {
                counts.late();
            }
            seen.add(series.applyAsLong(row), row.time());
            newest = Math.max(newest, row.time());
            rows.add(row);
        }
        return rows;
    }

    /** Until a row was found the floor stays: what comes first may come from a slow clock. */
    private void raiseFloor() {
        final long top = Math.min(began, newest);
        if (newest != Long.MIN_VALUE && top - lookback > floor) {
            floor = top - lookback;
            seen.forgetBefore(floor);
        }
    }
}
