package io.hybridiot.connect.influxdb2.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hybridiot.connect.influxdb2.client.AnswerReader;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.Nanos;
import io.hybridiot.connect.influxdb2.client.Row;
import io.hybridiot.connect.influxdb2.client.RowReader;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class BucketRangeTest {
    private static final String OWN = "$startTimestamp $endTimestamp limit(n: $batch.size)";
    private static final ShardGroups HOURS = ShardGroups.always(() -> Duration.ofDays(7));

    private static RowReader answering(final Function<String, String> csv) {
        return (flux, taker) -> {
            try {
                AnswerReader.read(new StringReader(csv.apply(flux)), taker);
            } catch (final IOException e) {
                throw InfluxRequestException.of(InfluxRequestException.Kind.PASSING, e.getMessage());
            }
        };
    }

    static String table(final int number, final String type, final String tags, final String tagValues, final String... rows) {
        final StringBuilder csv = new StringBuilder();
        final String more = tags.isEmpty() ? "" : "," + tags;
        final int count = tags.isEmpty() ? 0 : tags.split(",", -1).length;
        csv.append("#datatype,string,long,dateTime:RFC3339,").append(type).append(",string,string").append(",string".repeat(count))
            .append("\r\n#group,false,false,false,false,true,true").append(",true".repeat(count))
            .append("\r\n#default,_result,,,,,").append(",".repeat(count))
            .append("\r\n,result,table,_time,_value,_field,_measurement").append(more).append("\r\n");
        for (final String row : rows) {
            csv.append(",,").append(number).append(',').append(row).append(tags.isEmpty() ? "" : "," + tagValues).append("\r\n");
        }
        return csv.append("\r\n").toString();
    }

    static BucketRange builtIn(final Function<String, String> csv, final String... more) {
        final Map<String, String> properties = new HashMap<>(Map.of(
            "influxdb.url", "http://localhost:8086", "influxdb.token", "t", "influxdb.org.id", "o", "influxdb.bucket", "b"));
        for (int i = 0; i < more.length; i += 2) {
            properties.put(more[i], more[i + 1]);
        }
        return new BucketRange(answering(csv), new SourceSettings(properties), HOURS, new SourceCounts());
    }

    @Test
    void namesOfFluxAndTheAnswerAreNamesLikeOthers() throws Exception {
        final String at = "2026-01-01T00:00:00.000000001Z";
        final String csv = table(0, "long", "result,table,_tag", "r,t,x", at + ",1,result,_m", at + ",2,_value,_m")
            + table(1, "double", "result,table,_tag", "r,t,x", at + ",1.5,table,_m") + table(2, "string", "result,table,_tag", "r,t,x", at + ",,empty,_m");
        // The first table holds two fields only here; its key is read from its first row.
        final String whole = csv.replace(",,0," + at + ",2,_value,_m,r,t,x\r\n", "")
            + table(3, "unsignedLong", "result,table,_tag", "r,t,x", at + ",18446744073709551615,_value,_m");
        final List<Row> rows = builtIn(flux -> whole).read(0, 1, 10).rows();
        assertEquals(1, rows.size());
        assertEquals(Nanos.of(Instant.parse(at)), rows.get(0).time());
        assertEquals("_m", rows.get(0).measurement());
        assertEquals(Map.of("result", "r", "table", "t", "_tag", "x"), rows.get(0).tags());
        assertEquals(Map.of("result", 1L, "table", 1.5, "empty", "", "_value", new BigInteger("18446744073709551615")), rows.get(0).values());
    }

    @Test
    void textsThatMayHaveLostAReturnAreAskedForAgain() throws Exception {
        final List<String> asked = new ArrayList<>();
        final String at = "2026-01-01T00:00:00Z";
        final BucketRange range = builtIn(flux -> {
            asked.add(flux);
            return table(0, "string", "", "", at + (flux.contains("strings.") ? ",\"a\\\\,\\n\\rb\"" : ",\"a\\,\r\nb\"") + ",f,m");
        });
        assertEquals(Map.of("f", "a\\,\n\rb"), range.read(0, 1, 10).rows().get(0).values());
        assertEquals(2, asked.size());
        assertTrue(asked.get(1).contains("r._measurement == \"m\" and r._field == \"f\""), asked.get(1));
    }

    @Test
    void aRowWithoutARequiredFieldWaits() throws Exception {
        final String csv = table(0, "long", "id", "a", "2026-01-01T00:00:00Z,1,f,m", "2026-01-01T00:00:01Z,1,f,m")
            + table(1, "long", "id", "a", "2026-01-01T00:00:01Z,1,g,m");
        assertEquals(1, builtIn(flux -> csv, "fields.required", "f,g").read(0, 1, 10).rows().size());
        assertFalse(builtIn(flux -> csv, "fields.required", "f,g").read(0, 1, 1).whole());
    }

    @Test
    void anErrorInTheMiddleOfAnAnswerIsAFailure() {
        final String csv = table(0, "long", "", "", "2026-01-01T00:00:00Z,1,f,m")
            + "#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,shard is closed,897\r\n";
        assertTrue(assertThrows(InfluxRequestException.class, () -> builtIn(flux -> csv).read(0, 1, 10)).getMessage().contains("shard is closed"));
        assertEquals(InfluxRequestException.Kind.SETUP,
            assertThrows(InfluxRequestException.class, () -> builtIn(flux -> "<html>\n<body>").read(0, 1, 10)).kind());
        assertEquals(InfluxRequestException.Kind.PASSING,
            assertThrows(InfluxRequestException.class, () -> builtIn(flux -> csv.substring(0, 200).replace(",1,f,m", ",1")).read(0, 1, 10)).kind());
    }

    /** A model of InfluxDB's search: the types of series take turns hour by hour, and a query shows the one of its first or last. */
    @Test
    void theFirstTimeIsFoundBehindOtherTypes() throws Exception {
        final long hour = Duration.ofHours(1).toNanos();
        for (final long wanted : new long[] {hour / 2, 2 * hour, 5 * hour + 7, 40 * hour - 1}) {
            final RowReader influx = (flux, taker) -> {
                final long start = bound(flux, "start: ");
                final long stop = bound(flux, "stop: ");
                final boolean shown = wanted >= start && wanted < stop
                    && Math.floorDiv(wanted, hour) == Math.floorDiv(flux.contains("first()") ? start : stop - 1, hour);
                if (shown) {
                    read("#datatype,string,long,dateTime:RFC3339\r\n#group,false,false,false\r\n#default,_result,,\r\n,result,table,_time\r\n,,0,"
                        + Nanos.instant(wanted) + "\r\n", taker);
                }
            };
            // Nothing is seen from the first end; from the last one it is, when the search stops in its hour.
            final long stop = (Math.floorDiv(wanted, hour) + 1) * hour;
            final BucketRange range = new BucketRange(influx, new SourceSettings(Map.of("influxdb.url", "http://h", "influxdb.token", "t",
                "influxdb.org.id", "o", "influxdb.bucket", "b")), HOURS, new SourceCounts());
            assertEquals(OptionalLong.of(wanted), range.firstTime(1, stop), () -> "at " + wanted);
        }
    }

    private static void read(final String csv, final java.util.function.Predicate<io.hybridiot.connect.influxdb2.client.Answer> taker)
            throws InfluxRequestException {
        try {
            AnswerReader.read(new StringReader(csv), taker);
        } catch (final IOException e) {
            throw InfluxRequestException.of(InfluxRequestException.Kind.PASSING, e.getMessage());
        }
    }

    private static long bound(final String flux, final String before) {
        final int at = flux.indexOf(before) + before.length();
        return Nanos.of(Instant.parse(flux.substring(at, flux.indexOf('Z', at) + 1)));
    }

    @Test
    void slicesEndWhereShardGroupsMayEnd() throws Exception {
        final long hour = Duration.ofHours(1).toNanos();
        assertEquals(hour, HOURS.endOf(0));
        assertEquals(hour, HOURS.endOf(hour - 1));
        assertEquals(0, HOURS.endOf(-1));
        assertEquals(Nanos.of(Instant.parse("2026-01-12T00:00:00Z")),
            ShardGroups.present(() -> Duration.ofDays(7)).endOf(Nanos.of(Instant.parse("2026-01-05T00:00:00Z"))));
        assertEquals(Long.MAX_VALUE, ShardGroups.present(() -> Duration.ZERO).endOf(0));
        final ShardGroups odd = ShardGroups.always(() -> Duration.ofMinutes(90));
        final long at = Nanos.of(Instant.parse("2026-01-05T00:10:00Z"));
        assertEquals(Nanos.of(Instant.parse("2026-01-05T01:00:00Z")), odd.endOf(at));
        assertEquals(Nanos.of(Instant.parse("2026-01-05T01:30:00Z")), odd.endOf(at + hour));
        assertEquals(Nanos.of(Instant.parse("2026-01-05T01:30:00Z")), odd.startOf(at + hour + hour / 2));
    }

    private static OwnQuery own(final String csv) {
        return new OwnQuery(answering(flux -> csv), QueryTemplate.own(OWN, "b"), HOURS, new SourceCounts());
    }

    private static String pivoted(final String... rows) {
        return "#datatype,string,long,dateTime:RFC3339,string\r\n#group,false,false,false,true\r\n#default,_result,,,\r\n"
            + ",result,table,_time,id\r\n" + String.join("", rows);
    }

    private static String row(final int table, final int second) {
        return ",," + table + ",2026-01-01T00:00:0" + second + "Z,a\r\n";
    }

    @Test
    void anAnswerWithMoreThanCanBeTakenIsNotWhole() throws Exception {
        final OwnQuery range = new OwnQuery(answering(flux -> pivoted(row(0, 1), row(0, 2), row(0, 3))),
            QueryTemplate.own("$startTimestamp $endTimestamp", "b"), HOURS, new SourceCounts());
        assertFalse(range.read(0, 9, 2).whole());
        assertTrue(range.read(0, 9, 3).whole());
    }

    @Test
    void aTableAtTheQuerysOwnLimitIsNotWhole() throws Exception {
        assertFalse(own(pivoted(row(0, 1), row(0, 2), row(1, 1))).read(0, 9, 2).whole());
        assertTrue(own(pivoted(row(0, 1), row(1, 2))).read(0, 9, 2).whole());
    }

    @Test
    void anOwnQueryMustGiveTimes() {
        final String csv = pivoted(row(0, 1)).replace("_time", "when");
        assertTrue(assertThrows(InfluxRequestException.class, () -> own(csv).read(0, 9, 5)).getMessage().contains("_time"));
        assertEquals(OptionalLong.of(5), own(csv).firstTime(5, 9));
    }

    @Test
    void seriesAreToldApartByTagsAndNotByTextFields() throws Exception {
        final List<String> asked = new ArrayList<>();
        final SeriesKey key = new SeriesKey(answering(flux -> {
            asked.add(flux);
            return "#datatype,string,long,string\r\n#group,false,false,false\r\n#default,_result,,\r\n,result,table,_value\r\n,,0,id\r\n";
        }), "b", false);
        key.learn(List.of(row("a", 1)));
        key.learn(List.of(row("a", 2)));
        assertEquals(1, asked.size());
        assertEquals(key.of(row("a", 1)), key.of(row("a", 2)));
        assertNotEquals(key.of(row("a", 1)), key.of(row("b", 1)));
        final SeriesKey builtIn = new SeriesKey(answering(flux -> ""), "b", true);
        assertEquals(key.of(row("a", 1)), builtIn.of(new Row("0", 1, "m", Map.of("id", "a"), Map.of("id", 1))), "offsets stay good");
    }

    private static Row row(final String id, final long time) {
        return new Row("0", time, "m", Map.of(), Map.of("id", id, "note", "n" + time));
    }
}
