package io.hybridiot.connect.influxdb2.client;

import java.util.function.Predicate;

/** Runs Flux. */
@FunctionalInterface
public interface RowReader {
    /** Gives the rows of the answer, as they stand in it, to {@code taker} as they arrive, until it returns false. */
    void read(String flux, Predicate<Answer> taker) throws InfluxRequestException;

    /** The same with the cells of a row by the names of their columns. */
    default void query(final String flux, final Predicate<Row> rows) throws InfluxRequestException {
        read(flux, answer -> rows.test(Row.of(answer)));
    }
}
