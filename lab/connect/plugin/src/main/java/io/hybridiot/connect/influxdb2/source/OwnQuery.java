package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException.Kind;
import io.hybridiot.connect.influxdb2.client.Row;
import io.hybridiot.connect.influxdb2.client.RowReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** A bucket, read by a person's own Flux. */
record OwnQuery(RowReader influx, QueryTemplate rows, ShardGroups shards, SourceCounts counts) implements TimeRange {
    @Override
    public long boundary(final long time) throws InfluxRequestException {
        return shards.endOf(time);
    }

    @Override
    public Page read(final long start, final long stop, final int most) throws InfluxRequestException {
        final List<Row> read = new ArrayList<>();
        final long began = System.nanoTime();
        influx.query(rows.between(start, stop, most), row -> {
            read.add(row);
            return read.size() <= most;
        });
        counts.queryTook(System.nanoTime() - began);
        if (read.stream().anyMatch(row -> row.time() == Row.NO_TIME)) {
            throw InfluxRequestException.of(Kind.REFUSED, "The property `query` gives rows without a time in column _time. "
                + "Keep _time, or rename the column that holds it.");
        }
        return new Page(read, read.size() <= most && !isCutByItsOwnLimit(read, most));
    }

    /** A query's own limit() counts per table. */
    private boolean isCutByItsOwnLimit(final List<Row> read, final int most) {
        if (!rows.limits()) {
            return false;
        }
        final Map<String, Integer> perTable = new HashMap<>();
        read.forEach(row -> perTable.merge(row.table(), 1, Integer::sum));
        return perTable.values().stream().anyMatch(count -> count >= most);
    }

    /** What the query finds nothing of can only be asked slice by slice. */
    @Override
    public OptionalLong firstTime(final long start, final long stop) {
        return OptionalLong.of(start);
    }
}
