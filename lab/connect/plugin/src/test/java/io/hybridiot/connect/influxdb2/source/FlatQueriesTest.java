package io.hybridiot.connect.influxdb2.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FlatQueriesTest {
    /** InfluxDB refuses a query whose conditions stand one inside the other, from about 150 on; measured on 2.9.1. */
    @Test
    void manyMeasurementsAndManyTextsWithLineBreaksMakeFlatQueries() throws Exception {
        final int fields = BucketRange.FIELDS_AT_ONCE * 2 + 1;
        final StringBuilder csv = new StringBuilder();
        for (int i = 0; i < fields; i++) {
            csv.append(BucketRangeTest.table(i, "string", "", "", "2026-01-01T00:00:00Z,\"a\n\",f" + i + ",m"));
        }
        final String names = String.join(",", IntStream.range(0, 3000).mapToObj(i -> "m" + i).toList());
        final List<String> asked = new ArrayList<>();
        BucketRangeTest.builtIn(flux -> {
            asked.add(flux);
            return csv.toString();
        }, "influxdb.measurement.whitelist", names, "influxdb.measurement.blacklist", names.replace("m", "x")).read(0, 1, 10_000);
        assertEquals(1 + 3, asked.size());
        for (int i = 0; i < fields; i++) {
            final String condition = "r._field == \"f" + i + "\"";
            assertEquals(1, asked.stream().filter(flux -> flux.contains(condition)).count(), condition);
        }
        asked.forEach(flux -> assertTrue(depth(flux) < 20, () -> "depth " + depth(flux)));
        assertTrue(asked.get(0).contains("r._measurement == \"m2999\"") && asked.get(0).contains("r._measurement != \"x2999\""));
    }

    /** How deep brackets stand, when each group has two conditions at most. */
    private static int depth(final String flux) {
        int depth = 0;
        int most = 0;
        for (final String part : flux.split("(?=[()])")) {
            depth += part.startsWith("(") ? 1 : part.startsWith(")") ? -1 : 0;
            most = Math.max(most, depth);
            assertFalse(part.matches("(?s).* (or|and) .* or .*"), part);
        }
        return most;
    }
}
