package io.hybridiot.connect.influxdb2.client;

import java.util.List;

/** Takes points in line protocol, all or (after a failure of kind REFUSED) some of them. */
@FunctionalInterface
public interface LineWriter {
    /** Returns when InfluxDB took every line. Writing a line twice is harmless. */
    void write(List<String> lines) throws InfluxRequestException;
}
