package io.hybridiot.connect.influxdb2.sink;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Points of one request and the records they were made of, in the same order.
 *
 * @param <T> the record, which is only kept and given back
 */
record Points<T>(List<String> lines, List<T> records) {
    int size() {
        return lines.size();
    }

    /** Those whose bit is {@code value}. */
    Points<T> where(final BitSet bits, final boolean value) {
        return pick(IntStream.range(0, size()).filter(i -> bits.get(i) == value).boxed().toList());
    }

    Points<T> slice(final int from, final int to) {
        return new Points<>(lines.subList(from, to), records.subList(from, to));
    }

    /** The same points by time; those of one time keep their order, since the last of them counts. */
    Points<T> byTime() {
        final List<Integer> order = new ArrayList<>(IntStream.range(0, size()).boxed().toList());
        order.sort(Comparator.comparingLong(i -> LineReader.time(lines.get(i))));
        return pick(order);
    }

    private Points<T> pick(final List<Integer> places) {
        return new Points<>(places.stream().map(lines::get).toList(), places.stream().map(records::get).toList());
    }
}
