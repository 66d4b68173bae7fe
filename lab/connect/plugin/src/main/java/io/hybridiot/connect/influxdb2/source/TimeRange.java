package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.Row;
import java.util.List;
import java.util.OptionalLong;

/** What the source needs of InfluxDB: the rows of a stretch of time, whole. Times are nanoseconds since the epoch. */
interface TimeRange {
    /**
     * The rows with start &lt;= time &lt; stop, in any order.
     *
     * @param most rows the caller can take; an answer with more is cut short and says so
     */
    Page read(long start, long stop, int most) throws InfluxRequestException;

    /** The first time from {@code start} on, before {@code stop}, at which there may be a row; empty when there is none. */
    OptionalLong firstTime(long start, long stop) throws InfluxRequestException;

    /** Where one answer must end that begins at {@code time}, so that it can show all there is. */
    default long boundary(final long time) throws InfluxRequestException {
        return Long.MAX_VALUE;
    }

    /**
     * An answer.
     *
     * @param whole false when rows are missing from it
     */
    record Page(List<Row> rows, boolean whole) {}
}
