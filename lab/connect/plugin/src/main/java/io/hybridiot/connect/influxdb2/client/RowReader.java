package io.hybridiot.connect.influxdb2.client;

import java.util.function.Predicate;

/** Runs Flux. */
@FunctionalInterface
public interface RowReader {
    /** Gives the rows of the answer to {@code rows} as they arrive, until it returns false. */
    void query(String flux, Predicate<Row> rows) throws InfluxFailure;
}
