package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.Row;
import io.hybridiot.connect.influxdb2.client.RowReader;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * A bucket, read by the built-in Flux.
 *
 * <p>A query over two shard groups in which a field has two types returns the values of one type only, without an error. So no
 * slice reaches over a possible end of a shard group, and the search for the next row looks from both ends.
 */
final class BucketRange implements TimeRange {
    /** Fields in one query for exact texts: 500 take InfluxDB half a second, 5,000 half a minute. */
    static final int FIELDS_AT_ONCE = 500;

    private final RowReader influx;
    private final SourceSettings settings;
    private final SourceCounts counts;
    private final ShardGroups shards;
    private final QueryTemplate rows;
    private final QueryTemplate first;
    private final QueryTemplate last;

    BucketRange(
            final RowReader influx, final SourceSettings settings, final ShardGroups shards, final SourceCounts counts) {
        this.influx = influx;
        this.settings = settings;
        this.shards = shards;
        this.counts = counts;
        this.rows = QueryTemplate.builtIn(settings.bucket(), settings.whitelist(), settings.blacklist());
        this.first = QueryTemplate.firstTime(settings.bucket(), settings.whitelist(), settings.blacklist());
        this.last = QueryTemplate.lastTime(settings.bucket(), settings.whitelist(), settings.blacklist());
    }

    @Override
    public long boundary(final long time) throws InfluxRequestException {
        return shards.endOf(time);
    }

    @Override
    public Page read(final long start, final long stop, final int most) throws InfluxRequestException {
        final SeriesRows read = new SeriesRows(most);
        final long began = System.nanoTime();
        influx.read(rows.between(start, stop, most), read);
        if (!read.areWhole()) {
            return new Page(List.of(), false);
        }
        if (!read.unsure().isEmpty()) {
            readExactly(read, start, stop);
        }
        counts.queryTook(System.nanoTime() - began);
        return new Page(read.rows().stream().filter(this::hasRequired).toList(), true);
    }

    private void readExactly(final SeriesRows read, final long start, final long stop) throws InfluxRequestException {
        final List<SeriesRows.Field> unsure = List.copyOf(read.unsure());
        for (int i = 0; i < unsure.size(); i += FIELDS_AT_ONCE) {
            final List<SeriesRows.Field> some = unsure.subList(i, Math.min(i + FIELDS_AT_ONCE, unsure.size()));
            final SeriesRows exact = new SeriesRows(Integer.MAX_VALUE);
            influx.read(QueryTemplate.exactTexts(settings.bucket(), some).between(start, stop, 0), exact);
            read.correct(exact);
        }
    }

    private boolean hasRequired(final Row row) {
        return settings.required().stream().allMatch(name -> row.values().containsKey(name) || row.tags().containsKey(name));
    }

    /** Types may hide rows from first(), but not all of them from last() as well: that one takes the type of the last shard group. */
    @Override
    public OptionalLong firstTime(final long start, final long stop) throws InfluxRequestException {
        final long end = Math.min(stop, boundary(start));
        final OptionalLong near = edge(first, start, end);
        return near.isPresent() || end == stop ? near : behind(end, stop);
    }

    /** The first time from the beginning of a shard group on. */
    private OptionalLong behind(final long start, final long stop) throws InfluxRequestException {
        final OptionalLong found = edge(first, start, stop);
        final long known = found.orElse(stop);
        if (boundary(start) >= known || edge(last, start, known).isEmpty()) {
            return found;
        }
        final long middle = shards.startOf(start + (known - start) / 2);
        if (middle <= start) {
            return firstTime(start, known);
        }
        final OptionalLong before = behind(start, middle);
        if (before.isPresent()) {
            return before;
        }
        final OptionalLong after = behind(middle, known);
        return after.isPresent() ? after : found;
    }

    private OptionalLong edge(final QueryTemplate query, final long start, final long stop) throws InfluxRequestException {
        final List<Row> found = new ArrayList<>(1);
        influx.query(query.between(start, stop, 1), found::add);
        return found.stream().mapToLong(Row::time).min();
    }
}
