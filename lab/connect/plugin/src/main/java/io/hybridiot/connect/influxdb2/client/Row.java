package io.hybridiot.connect.influxdb2.client;

import java.util.Map;

/**
 * One row of an answer.
 *
 * @param table which table of the answer it belongs to
 * @param time nanoseconds since the epoch, of column _time; 0 when there is none
 * @param measurement of column _measurement, or null
 * @param values the other columns in the answer's order, without nulls and without Flux's own
 */
public record Row(int table, long time, String measurement, Map<String, Object> values) {}
