package io.hybridiot.connect.influxdb2.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.Row;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The sweep against a model of a bucket: late rows, equal times, series of different speeds, half-written and rewritten
 * rows, failing queries, kills between hand-over and commit. Every row within the look-back must come, and must come once unless a kill
 * forces a repeat. A failure prints the seed of its case.
 */
class RescanWindowModelTest {
    private static final int CASES = 4000;

    @Test
    void losesNothingAndRepeatsOnlyAfterKills() {
        final long base = Long.getLong("sweep.seed", System.nanoTime());
        final int cases = Integer.getInteger("sweep.cases", CASES);
        for (int i = 0; i < cases; i++) {
            run(base + i);
        }
    }

    private static void run(final long seed) {
        try {
            new Case(new Random(seed)).play();
        } catch (final InfluxRequestException | RuntimeException | AssertionError e) {
            fail("seed " + seed + " (repeat it with -Dsweep.seed=" + seed + " -Dsweep.cases=1): " + e, e);
        }
    }

    /** One history, with the present going forward from 1,000,000. */
    private static final class Case {
        private static final long BEGIN = 1_000_000;

        private final Random random;
        private final long lookback;
        private final int batch;
        private final boolean kills;
        private final Bucket bucket;
        private final SourceCounts counts = new SourceCounts();
        private final Map<String, Integer> inKafka = new HashMap<>();
        private long now = BEGIN;
        private Map<String, Object> committed;
        private RescanWindow sweep;

        Case(final Random random) {
            this.random = random;
            this.lookback = random.nextInt(400);
            this.batch = 1 + random.nextInt(12);
            this.kills = random.nextBoolean();
            this.bucket = new Bucket(random);
            this.committed = new Position(0, new DeliveredRows()).toMap();
            restart();
        }

        private void restart() {
            sweep = new RescanWindow(bucket, Position.of(committed), lookback, batch, true, row -> series(row).hashCode(), counts, Runnable::run);
        }

        private static String series(final Row row) {
            return (String) row.values().get("series");
        }

        void play() throws InfluxRequestException {
            for (int i = random.nextInt(80); i > 0; i--) {
                bucket.put("old" + random.nextInt(3), random.nextInt((int) BEGIN));
            }
            bucket.complete();
            for (int i = 20 + random.nextInt(60); i > 0; i--) {
                act();
            }
            settle();
            final Set<String> lost = bucket.rows.stream().map(Case::id).filter(id -> !inKafka.containsKey(id))
                .collect(Collectors.toSet());
            assertEquals(Set.of(), lost, "lost rows");
            if (!kills) {
                assertEquals(bucket.rows.size(), inKafka.values().stream().mapToInt(n -> n).sum(), "rows handed over");
            }
        }

        private void act() throws InfluxRequestException {
            now += random.nextInt(60);
            bucket.complete();
            switch (random.nextInt(6)) {
                case 0 -> write();
                case 1 -> {
                    write();
                    poll();
                }
                case 2 -> bucket.rewriteOne();
                case 3 -> bucket.failing = random.nextInt(4) == 0;
                default -> poll();
            }
        }

        /** Rows of one to four series, each as late as its own speed, some with equal times. */
        private void write() {
            final long time = now - (lookback == 0 ? 0 : random.nextInt((int) lookback + 1));
            for (int i = 1 + random.nextInt(4); i > 0; i--) {
                final boolean same = random.nextBoolean();
                final long own = same ? time : now - random.nextInt((int) lookback + 1);
                bucket.put("s" + random.nextInt(5), Math.max(own, now - lookback));
            }
        }

        /** Rows written in the same act are still half there. */
        private void poll() throws InfluxRequestException {
            final RescanWindow.Step step;
            try {
                step = sweep.step(now, now + 1);
            } catch (final InfluxRequestException failure) {
                return;
            }
            hand(step);
        }

        private void hand(final RescanWindow.Step step) {
            final Map<String, Object> after = step.position().toMap();
            if (kills && random.nextInt(5) == 0) {
                // A kill: some of these records are in Kafka, the offset of the last one is not committed.
                step.rows().stream().limit(random.nextInt(step.rows().size() + 1)).forEach(this::arrive);
                restart();
                return;
            }
            step.rows().forEach(this::arrive);
            if (!step.rows().isEmpty()) {
                committed = after;
            }
        }

        private void arrive(final Row row) {
            assertEquals(3, row.values().size(), () -> "half a row: " + row);
            inKafka.merge(id(row), 1, Integer::sum);
        }

        /** Sweeps on until three whole sweeps found nothing. */
        private void settle() {
            bucket.failing = false;
            bucket.complete();
            now++;
            for (int quiet = 0; quiet < 3; ) {
                final List<Row> rows = rowsOfOneStep();
                rows.forEach(this::arrive);
                quiet = !rows.isEmpty() ? 0 : quiet + (sweep.isSweeping() ? 0 : 1);
            }
        }

        /** None when the step met the failure of a slice that was read ahead. */
        private List<Row> rowsOfOneStep() {
            try {
                return sweep.step(now, now).rows();
            } catch (final InfluxRequestException failure) {
                return List.of();
            }
        }

        private static String id(final Row row) {
            return series(row) + "@" + row.time();
        }
    }

    /**
     * Rows in memory; answers in random order, cut short when there are more than asked for. An answer over two shard groups shows the
     * rows of the first one's type only, as InfluxDB's do.
     */
    private static final class Bucket implements TimeRange {
        private final Random random;
        private final List<Row> rows = new ArrayList<>();
        private final Set<String> ids = new HashSet<>();
        private final long shard;
        private boolean failing;

        Bucket(final Random random) {
            this.random = random;
            this.shard = 50 + random.nextInt(100_000);
        }

        @Override
        public long boundary(final long time) {
            return Math.floorDiv(time, shard) * shard + shard;
        }

        /** Types take turns from one shard group to the next. */
        private boolean isShown(final Row row, final long start) {
            return Math.floorMod(row.time() / shard, 2) == Math.floorMod(start / shard, 2);
        }

        /** Half a row: one of its two fields. */
        void put(final String series, final long time) {
            if (ids.add(series + "@" + time)) {
                rows.add(new Row("0", time, "m", Map.of(), Map.of("series", series, "value", random.nextDouble())));
            }
        }

        void complete() {
            rows.replaceAll(row -> row.values().size() == 3 ? row : new Row("0", row.time(), "m", Map.of(),
                Map.of("series", row.values().get("series"), "value", row.values().get("value"), "more", 1L)));
        }

        void rewriteOne() {
            if (!rows.isEmpty()) {
                final Row old = rows.remove(random.nextInt(rows.size()));
                rows.add(new Row("0", old.time(), "m", Map.of(), Map.of("series", old.values().get("series"), "value", 1.0, "more", 2L)));
            }
        }

        @Override
        public Page read(final long start, final long stop, final int most) throws InfluxRequestException {
            if (failing && random.nextBoolean()) {
                throw InfluxRequestException.of(InfluxRequestException.Kind.PASSING, "503");
            }
            final List<Row> found = new ArrayList<>(
                rows.stream().filter(row -> row.time() >= start && row.time() < stop && isShown(row, start)).toList());
            Collections.shuffle(found, random);
            return found.size() > most ? new Page(found.subList(0, most), false) : new Page(found, true);
        }

        @Override
        public OptionalLong firstTime(final long start, final long stop) throws InfluxRequestException {
            if (failing && random.nextBoolean()) {
                throw InfluxRequestException.of(InfluxRequestException.Kind.PASSING, "503");
            }
            return rows.stream().mapToLong(Row::time).filter(time -> time >= start && time < stop).min();
        }
    }
}
