package io.hybridiot.connect.influxdb2.sink;

import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException.Kind;
import io.hybridiot.connect.influxdb2.client.LineWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Refuses as InfluxDB 2.9.1 does, in its words: each shard group fixes the types of its fields and reports its own drops, of
 * which one shard's come back; what is too old is counted over all; a line that cannot be parsed refuses the whole request.
 */
final class FakeShards implements LineWriter {
    static final long SHARD = 1000;

    final Set<String> stored = new TreeSet<>();
    private final long oldest;
    private final Map<String, String> types = new HashMap<>();
    int requests;

    FakeShards(final long oldest) {
        this.oldest = oldest;
    }

    @Override
    public void write(final List<String> lines) throws InfluxRequestException {
        requests++;
        final List<String> unparsed = lines.stream().filter(line -> line.contains("unparsable"))
            .map(line -> "unable to parse '" + line + "': invalid number").toList();
        if (!unparsed.isEmpty()) {
            throw InfluxRequestException.of(Kind.REFUSED, "400: " + String.join("\n", unparsed));
        }
        final Map<Long, List<String>> shards = new TreeMap<>();
        int old = 0;
        for (final String line : lines) {
            final long time = LineReader.time(line);
            if (time < oldest) {
                old++;
            } else {
                shards.computeIfAbsent(time / SHARD, key -> new ArrayList<>()).add(line);
            }
        }
        refuse(conflict(shards), old);
    }

    /** The last shard's drops; every shard writes what it can. */
    private String conflict(final Map<Long, List<String>> shards) {
        String said = null;
        for (final Map.Entry<Long, List<String>> shard : shards.entrySet()) {
            String reason = null;
            int dropped = 0;
            for (final String line : shard.getValue()) {
                final String wrong = wrong(shard.getKey(), line);
                if (wrong == null) {
                    stored.add(line);
                } else {
                    dropped++;
                    reason = reason == null ? wrong : reason;
                }
            }
            said = reason == null ? said : "partial write: " + reason + " dropped=" + dropped;
        }
        return said;
    }

    private void refuse(final String conflict, final int old) throws InfluxRequestException {
        if (conflict != null) {
            throw InfluxRequestException.of(Kind.REFUSED, "422: failure writing points to database: " + conflict);
        }
        if (old > 0) {
            throw InfluxRequestException.of(Kind.REFUSED, "422: failure writing points to database: partial write: dropped " + old
                + " points outside retention policy of duration 1h0m0s - oldest x, newest y dropped=" + old + " for database: b");
        }
    }

    /** Why the shard drops this line, or null. The fields are f0, f1, ... */
    private String wrong(final long shard, final String line) {
        for (int i = 0; i < 8; i++) {
            final String field = "f" + i;
            final String type = LineReader.type(line, "m", field);
            final String known = type == null ? null : types.putIfAbsent(shard + field, type);
            if (known != null && !known.equals(type)) {
                return "field type conflict: input field \"" + field + "\" on measurement \"m\" is type " + type
                    + ", already exists as type " + known;
            }
        }
        return null;
    }

    /** What the shards would say of each line alone, now that their types are fixed. */
    Set<String> refusedOf(final List<String> lines) {
        final Set<String> refused = new TreeSet<>();
        for (final String line : lines) {
            final long time = LineReader.time(line);
            if (line.contains("unparsable") || time < oldest || wrong(time / SHARD, line) != null) {
                refused.add(line);
            }
        }
        return refused;
    }
}
