package io.hybridiot.connect.influxdb2.client;

/**
 * A column of an answer.
 *
 * @param type InfluxDB's name of the type, such as {@code dateTime:RFC3339}
 * @param inGroupKey whether all rows of a table have the same value in it
 * @param standard the text that an empty cell stands for
 */
record Column(String label, String type, boolean inGroupKey, String standard) {}
