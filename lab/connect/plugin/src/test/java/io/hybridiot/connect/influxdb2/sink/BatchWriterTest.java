package io.hybridiot.connect.influxdb2.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hybridiot.connect.influxdb2.client.Backoff;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException.Kind;
import io.hybridiot.connect.influxdb2.client.LineWriter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class BatchWriterTest {
    private static final TopicPartition PARTITION = new TopicPartition("t", 0);
    private static final Backoff TWICE = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(1), 2);

    private static final Consumer<Outcome<Integer>> NOBODY = outcome -> { };

    private final SinkCounts counts = new SinkCounts();
    private final List<Duration> waits = new ArrayList<>();

    private BatchWriter<Integer> writer(final LineWriter influx, final Backoff backoff) {
        return new BatchWriter<>(influx, backoff, counts, waits::add, new Random(1));
    }

    private final List<Outcome.Refused<Integer>> refused = new ArrayList<>();

    private Outcome<Integer> write(final LineWriter influx, final Batch<Integer> batch) throws Exception {
        return writer(influx, TWICE).write(batch, outcome -> refused.addAll(outcome.refused()));
    }

    private static Batch<Integer> batch(final int size) {
        final Batch<Integer> batch = new Batch<>(0);
        IntStream.range(0, size).forEach(i -> batch.add(PARTITION, i, i, "line" + i));
        return batch;
    }

    /** Refuses requests with a bad line in them; on 422 it writes the good ones, on 400 none. */
    private static LineWriter refusing(final Set<String> bad, final Set<String> stored, final boolean partial) {
        return lines -> {
            final boolean clean = lines.stream().noneMatch(bad::contains);
            if (clean || partial) {
                lines.stream().filter(line -> !bad.contains(line)).forEach(stored::add);
            }
            if (!clean) {
                throw InfluxRequestException.of(Kind.REFUSED, "bad: " + lines.stream().filter(bad::contains).findFirst().orElseThrow());
            }
        };
    }

    @Test
    void findsExactlyTheGuiltyWhereTheWordsDoNotHelp() throws Exception {
        final Random random = new Random(7);
        for (int run = 0; run < 200; run++) {
            final int size = 1 + random.nextInt(300);
            final Set<String> bad = new HashSet<>();
            random.ints(random.nextInt(8), 0, size).forEach(i -> bad.add("line" + i));
            final Set<String> stored = new HashSet<>();
            refused.clear();
            final Outcome<Integer> outcome = write(refusing(bad, stored, random.nextBoolean()), batch(size));
            final Set<String> found = new TreeSet<>();
            refused.forEach(r -> {
                assertEquals("bad: line" + r.record(), r.reason());
                found.add("line" + r.record());
            });
            assertEquals(new TreeSet<>(bad), found);
            assertEquals(size - bad.size(), stored.size());
            assertEquals(Map.of(PARTITION, (long) size), outcome.next());
        }
    }

    @Test
    void countsEachGoodPointOnce() throws Exception {
        write(refusing(Set.of("line3", "line77"), new HashSet<>(), true), batch(100));
        assertEquals(98, counts.getPointsWritten());
        assertTrue(counts.getBatchesSplit() > 0);
    }

    @Test
    void halvesWhatIsTooLarge() throws Exception {
        final List<Integer> sizes = new ArrayList<>();
        write(lines -> {
            if (lines.size() > 30) {
                throw InfluxRequestException.of(Kind.TOO_LARGE, "413");
            }
            sizes.add(lines.size());
        }, batch(100));
        assertEquals(100, sizes.stream().mapToInt(n -> n).sum());
        assertTrue(refused.isEmpty());
    }

    private static LineWriter failing(final InfluxRequestException... failures) {
        final Deque<InfluxRequestException> left = new ArrayDeque<>(List.of(failures));
        return lines -> {
            if (!left.isEmpty()) {
                throw left.remove();
            }
        };
    }

    private static InfluxRequestException passing(final Duration retryAfter) {
        return new InfluxRequestException(Kind.PASSING, null, retryAfter, "503", null);
    }

    @Test
    void waitsLongerEachTimeAndAtLeastWhatTheServerAsks() throws Exception {
        writer(failing(passing(null), passing(Duration.ofSeconds(9))), TWICE).write(batch(1), NOBODY);
        assertEquals(2, waits.size());
        assertTrue(waits.get(0).toMillis() >= 80 && waits.get(0).toMillis() <= 100, waits::toString);
        assertEquals(Duration.ofSeconds(9), waits.get(1));
        assertEquals(2, counts.getRetries());
    }

    @Test
    void givesUpAfterTheRetriesAllowed() {
        final InfluxRequestException failure = assertThrows(InfluxRequestException.class,
            () -> writer(failing(passing(null), passing(null), passing(null)), TWICE).write(batch(1), NOBODY));
        assertEquals(Kind.PASSING, failure.kind());
        assertEquals(2, waits.size());
    }

    @Test
    void neverGivesUpWhenToldSo() throws Exception {
        final InfluxRequestException[] many = IntStream.range(0, 500).mapToObj(i -> passing(null)).toArray(InfluxRequestException[]::new);
        writer(failing(many), new Backoff(Duration.ofMillis(100), Duration.ofSeconds(1), -1)).write(batch(1), NOBODY);
        assertEquals(500, waits.size());
        assertTrue(waits.stream().allMatch(wait -> wait.toMillis() <= 1000));
    }

    @Test
    void wrongSetUpIsNotRetried() {
        assertThrows(InfluxRequestException.class,
            () -> writer(failing(InfluxRequestException.of(Kind.SETUP, "401")), TWICE).write(batch(1), NOBODY));
        assertTrue(waits.isEmpty());
    }

    @Test
    void stopsInTheMidstOfAWait() {
        final BatchWriter<Integer> stopping =
            new BatchWriter<>(failing(passing(null)), TWICE, counts, wait -> false, new Random(1));
        assertThrows(InterruptedException.class, () -> stopping.write(batch(1), NOBODY));
    }

    @Test
    void aBatchWithoutPointsAsksNothing() throws Exception {
        final Batch<Integer> onlyPassed = new Batch<>(0);
        onlyPassed.pass(PARTITION, 41);
        final Outcome<Integer> outcome =
            write(lines -> { throw new AssertionError("a request"); }, onlyPassed);
        assertEquals(Map.of(PARTITION, 42L), outcome.next());
    }
}
