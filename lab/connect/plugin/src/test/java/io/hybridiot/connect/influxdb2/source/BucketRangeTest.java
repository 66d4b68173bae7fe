package io.hybridiot.connect.influxdb2.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hybridiot.connect.influxdb2.client.Row;
import io.hybridiot.connect.influxdb2.client.RowReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class BucketRangeTest {
    private static final String OWN = "$startTimestamp $endTimestamp limit(n: $batch.size)";

    /** Answers every query with these rows, as long as they are wanted. */
    private static RowReader answering(final Row... rows) {
        return (flux, taker) -> {
            for (final Row row : rows) {
                if (!taker.test(row)) {
                    return;
                }
            }
        };
    }

    private static Row row(final int table, final long time) {
        return new Row(table, time, "m", Map.of("id", "a", "note", "n" + time));
    }

    private static BucketRange own(final Row... rows) {
        return new BucketRange(answering(rows), QueryTemplate.own(OWN, "b"), null, new SourceCounts());
    }

    @Test
    void anAnswerWithMoreThanCanBeTakenIsNotWhole() throws Exception {
        final QueryTemplate any = QueryTemplate.own("$startTimestamp $endTimestamp", "b");
        final BucketRange range = new BucketRange(answering(row(0, 1), row(0, 2), row(0, 3)), any, null, new SourceCounts());
        assertFalse(range.read(0, 9, 2).whole());
        assertTrue(range.read(0, 9, 3).whole());
    }

    @Test
    void aTableAtTheQuerysOwnLimitIsNotWhole() throws Exception {
        assertFalse(own(row(0, 1), row(0, 2), row(1, 1)).read(0, 9, 2).whole());
        assertTrue(own(row(0, 1), row(1, 2)).read(0, 9, 2).whole());
    }

    @Test
    void theFirstTimeOfOnesOwnQueryIsUnknown() throws Exception {
        assertEquals(OptionalLong.of(5), own().firstTime(5, 9));
    }

    @Test
    void seriesAreToldApartByTagsAndNotByTextFields() throws Exception {
        final List<String> asked = new ArrayList<>();
        final SeriesKey key = new SeriesKey((flux, taker) -> {
            asked.add(flux);
            taker.test(new Row(0, 0, null, Map.of("_value", "id")));
        }, "b");
        key.learn(List.of(row(0, 1)));
        key.learn(List.of(row(0, 2)));
        assertEquals(1, asked.size());
        assertEquals(key.of(row(0, 1)), key.of(row(0, 2)));
        assertNotEquals(key.of(row(0, 1)), key.of(new Row(0, 1, "m", Map.of("id", "b", "note", "n1"))));
        assertNotEquals(key.of(row(0, 1)), key.of(new Row(0, 1, "other", Map.of("id", "a", "note", "n1"))));
    }
}
