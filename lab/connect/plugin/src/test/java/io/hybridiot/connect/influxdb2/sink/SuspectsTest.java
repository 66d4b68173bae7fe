package io.hybridiot.connect.influxdb2.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hybridiot.connect.influxdb2.client.Backoff;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** Many refused records of one request: the right ones, each with its own reason, in few requests. */
class SuspectsTest {
    private static final TopicPartition PARTITION = new TopicPartition("t", 0);
    private static final String[] VALUES = {"1.5", "1i", "true", "\"te\\\"xt, f0=1 2\"", "1u"};

    private final Map<String, String> refused = new TreeMap<>();

    private void write(final FakeShards influx, final List<String> lines) throws Exception {
        final Batch<String> batch = new Batch<>(0);
        IntStream.range(0, lines.size()).forEach(i -> batch.add(PARTITION, i, lines.get(i), lines.get(i)));
        new BatchWriter<String>(influx, new Backoff(Duration.ZERO, Duration.ZERO, 0), new SinkCounts(), wait -> true, new Random(1))
            .write(batch, outcome -> outcome.refused().forEach(one -> refused.put(one.record(), one.reason())));
    }

    private static String line(final int series, final String fields, final long time) {
        return "m,id=a\\ " + series + " " + fields + " " + time;
    }

    @Test
    void fiveThousandOfAWrongTypeAmongGoodOnesTakeThreeRequests() throws Exception {
        final FakeShards influx = new FakeShards(0);
        write(influx, List.of(line(0, "f0=1.5", 500)));
        final List<String> lines = IntStream.range(0, 10_000)
            .mapToObj(i -> line(i, i % 2 == 0 ? "f1=1i,f0=\"text\"" : "f1=1i,f0=2.5", 500)).toList();
        influx.requests = 0;
        write(influx, lines);
        assertEquals(5000, refused.size());
        assertTrue(refused.values().stream().allMatch(reason -> reason.endsWith(
            "input field \"f0\" on measurement \"m\" is type string, already exists as type float")), refused.values().iterator().next());
        assertEquals(3, influx.requests);
    }

    @Test
    void exactlyWhatInfluxRefusesIsRefusedWithItsOwnReason() throws Exception {
        final Random random = new Random(Long.getLong("suspects.seed", 20));
        for (int run = 0; run < 400; run++) {
            refused.clear();
            final FakeShards influx = new FakeShards(random.nextInt(1500));
            final List<String> lines = new ArrayList<>();
            final int kinds = 1 + random.nextInt(3);
            for (int i = random.nextInt(400); i > 0; i--) {
                lines.add(line(i, fields(random, kinds), random.nextInt(4 * (int) FakeShards.SHARD)));
            }
            write(influx, lines);
            final TreeSet<String> good = new TreeSet<>(lines);
            good.removeAll(influx.refusedOf(lines));
            assertEquals(influx.refusedOf(lines), refused.keySet(), "run " + run);
            assertEquals(good, influx.stored, "run " + run);
            refused.forEach(SuspectsTest::fits);
        }
    }

    private static String fields(final Random random, final int kinds) {
        final StringBuilder fields = new StringBuilder();
        for (int i = 0; i <= random.nextInt(3); i++) {
            final String value = random.nextInt(20) > 0 ? VALUES[random.nextInt(kinds)] : "unparsable";
            fields.append(i == 0 ? "" : ",").append('f').append(i).append('=').append(value);
        }
        return fields.toString();
    }

    private static void fits(final String line, final String reason) {
        if (line.contains("unparsable")) {
            assertEquals("400: unable to parse '" + line + "': invalid number", reason);
        } else if (reason.contains("conflict")) {
            final String field = reason.substring(reason.indexOf("field \"") + 7, reason.indexOf("\" on"));
            assertTrue(reason.contains("is type " + LineReader.type(line, "m", field) + ","), line + ": " + reason);
        } else {
            assertTrue(reason.contains("retention"), reason);
        }
    }

    @Test
    void manyReasonsInOneRequestStayCheap() throws Exception {
        final FakeShards influx = new FakeShards(0);
        write(influx, List.of(line(0, "f0=1,f1=1,f2=1,f3=1,f4=1,f5=1,f6=1,f7=1", 1)));
        final List<String> lines = IntStream.range(0, 8000)
            .mapToObj(i -> line(i, "f" + i % 8 + "=" + VALUES[i / 8 % 5], 1)).toList();
        influx.requests = 0;
        write(influx, lines);
        assertEquals(6400, refused.size());
        assertTrue(influx.requests < 30, "requests: " + influx.requests);
    }

    @Test
    void readsTypesFromLines() {
        final String line = "m\\,x,a\\ b=c\\=d f=\"a\\\"b,c=1 2\\\\\",g\\ h=1.5,i=2i,t=true,u=3u -17";
        assertEquals("string", LineReader.type(line, "m\\,x", "f"));
        assertEquals("float", LineReader.type(line, "m\\,x", "g\\ h"));
        assertEquals("integer", LineReader.type(line, "m\\,x", "i"));
        assertEquals("boolean", LineReader.type(line, "m\\,x", "t"));
        assertEquals("unsigned", LineReader.type(line, "m\\,x", "u"));
        assertNull(LineReader.type(line, "m\\,x", "c"));
        assertNull(LineReader.type(line, "m", "f"));
        assertEquals(-17, LineReader.time(line));
    }
}
