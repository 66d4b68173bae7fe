package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import java.util.OptionalLong;

/** A stretch of time that lets the series' key see the rows first. */
record LearningRange(TimeRange inner, SeriesKey series) implements TimeRange {
    @Override
    public Page read(final long start, final long stop, final int most) throws InfluxRequestException {
        final Page page = inner.read(start, stop, most);
        series.learn(page.rows());
        return page;
    }

    @Override
    public long boundary(final long time) throws InfluxRequestException {
        return inner.boundary(time);
    }

    @Override
    public OptionalLong firstTime(final long start, final long stop) throws InfluxRequestException {
        return inner.firstTime(start, stop);
    }
}
