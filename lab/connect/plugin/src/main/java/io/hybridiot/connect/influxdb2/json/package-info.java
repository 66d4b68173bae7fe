/** JSON as {@link io.hybridiot.connect.influxdb2.StrictJsonConverter} reads and writes it. */
package io.hybridiot.connect.influxdb2.json;
