package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.InfluxFailure;
import io.hybridiot.connect.influxdb2.client.Row;
import io.hybridiot.connect.influxdb2.client.RowReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** A bucket, read by Flux. */
final class BucketRange implements TimeRange {
    private final RowReader influx;
    private final QueryTemplate rows;
    private final QueryTemplate first;
    private final SourceCounts counts;

    /**
     * A bucket.
     *
     * @param first finds the first time; null when only a query of the person's own is to be used
     */
    BucketRange(final RowReader influx, final QueryTemplate rows, final QueryTemplate first, final SourceCounts counts) {
        this.influx = influx;
        this.rows = rows;
        this.first = first;
        this.counts = counts;
    }

    static BucketRange of(final RowReader influx, final SourceSettings settings, final SourceCounts counts) {
        final String bucket = settings.bucket();
        if (settings.query().isPresent()) {
            return new BucketRange(influx, QueryTemplate.own(settings.query().get(), bucket), null, counts);
        }
        return new BucketRange(influx,
            QueryTemplate.builtIn(bucket, settings.whitelist(), settings.blacklist(), settings.required()),
            QueryTemplate.firstTime(bucket, settings.whitelist(), settings.blacklist()), counts);
    }

    @Override
    public Page read(final long start, final long stop, final int most) throws InfluxFailure {
        final List<Row> read = new ArrayList<>();
        final long began = System.nanoTime();
        influx.query(rows.between(start, stop, most), row -> {
            read.add(row);
            return read.size() <= most;
        });
        counts.queryTook(System.nanoTime() - began);
        return new Page(read, read.size() <= most && !cutByItsOwnLimit(read, most));
    }

    /** A query's own limit() counts per table. */
    private boolean cutByItsOwnLimit(final List<Row> read, final int most) {
        if (!rows.limits()) {
            return false;
        }
        final Map<Integer, Integer> perTable = new HashMap<>();
        read.forEach(row -> perTable.merge(row.table(), 1, Integer::sum));
        return perTable.values().stream().anyMatch(count -> count >= most);
    }

    @Override
    public OptionalLong firstTime(final long start, final long stop) throws InfluxFailure {
        if (first == null) {
            return OptionalLong.of(start);
        }
        final List<Row> found = new ArrayList<>(1);
        influx.query(first.between(start, stop, 1), found::add);
        return found.stream().mapToLong(Row::time).min();
    }
}
