package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.Row;
import java.util.HashMap;
import java.util.Map;

/** Remembers from one sweep to the next what new rows looked like, to tell whole rows from half-written ones. */
final class StabilityFilter {
    /** A row, by its series and time. */
    private record Id(long series, long time) {}

    private final boolean enabled;
    private Map<Id, Integer> before = Map.of();
    private Map<Id, Integer> now = new HashMap<>();
    private long settledBefore;

    StabilityFilter(final boolean enabled) {
        this.enabled = enabled;
    }

    /** A sweep begins; rows before {@code oldest} are taken as whole. Above it, the floor leaves every row for another sweep. */
    void begin(final long oldest) {
        before = now;
        now = new HashMap<>();
        settledBefore = oldest;
    }

    /** Whether the row looks as it did a sweep ago. */
    boolean isSettled(final long series, final Row row) {
        if (!enabled || row.time() < settledBefore) {
            return true;
        }
        final Id id = new Id(series, row.time());
        final Integer look = row.values().hashCode();
        now.put(id, look);
        return look.equals(before.get(id));
    }

    /** Whether this sweep met a row that was not there, or looked different, a sweep ago. */
    boolean hasUnsettled() {
        return now.entrySet().stream().anyMatch(entry -> !entry.getValue().equals(before.get(entry.getKey())));
    }
}
