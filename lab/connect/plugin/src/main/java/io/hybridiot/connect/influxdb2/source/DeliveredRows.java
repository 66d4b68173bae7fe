package io.hybridiot.connect.influxdb2.source;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableSet;
import java.util.OptionalLong;
import java.util.TreeSet;

/**
 * Which rows were handed over: exact times per series, a series being known by a 64-bit hash.
 *
 * <p>Not a set of row hashes: times of one series lie close together, and pack small for the offset.
 */
final class DeliveredRows {
    private final Map<Long, NavigableSet<Long>> times = new HashMap<>();
    private int size;

    boolean contains(final long series, final long time) {
        final NavigableSet<Long> known = times.get(series);
        return known != null && known.contains(time);
    }

    void add(final long series, final long time) {
        if (times.computeIfAbsent(series, key -> new TreeSet<>()).add(time)) {
            size++;
        }
    }

    /** Forgets rows before {@code floor}. */
    void forgetBefore(final long floor) {
        final Iterator<NavigableSet<Long>> all = times.values().iterator();
        while (all.hasNext()) {
            final NavigableSet<Long> known = all.next();
            while (!known.isEmpty() && known.first() < floor) {
                known.pollFirst();
                size--;
            }
            if (known.isEmpty()) {
                all.remove();
            }
        }
    }

    /** The highest time remembered. */
    OptionalLong newest() {
        return times.values().stream().mapToLong(NavigableSet::last).max();
    }

    /** Rows remembered. */
    int size() {
        return size;
    }

    Map<Long, NavigableSet<Long>> bySeries() {
        return times;
    }
}
