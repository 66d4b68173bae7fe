package io.hybridiot.connect.influxdb2.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hybridiot.connect.influxdb2.client.Jmx;
import java.lang.management.ManagementFactory;
import java.util.Map;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

class SinkMetricsTest {
    @Test
    void areThereForAsLongAsTheTaskRuns() throws Exception {
        final MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        final ObjectName name = new ObjectName(
            "io.hybridiot.connect.influxdb2:type=influxdb2-sink-task,connector=\"to:influx\",task=3");
        final SinkCounts counts = new SinkCounts();
        try (Jmx registered = Jmx.register("influxdb2-sink-task", Map.of("name", "to:influx", "task.number", "3"), counts)) {
            assertTrue(server.isRegistered(name), registered::toString);
            counts.written(40);
            counts.written(2);
            counts.split();
            counts.refused();
            counts.requestTook(3_000_000);
            counts.requestTook(1_000_000);
            counts.retry("503: away");
            assertEquals(42L, server.getAttribute(name, "PointsWritten"));
            assertEquals(1L, server.getAttribute(name, "BatchesSplit"));
            assertEquals(1L, server.getAttribute(name, "RecordsRefused"));
            assertEquals(2.0, server.getAttribute(name, "WriteLatencyAvgMs"));
            assertEquals(3.0, server.getAttribute(name, "WriteLatencyMaxMs"));
            assertEquals("503: away", server.getAttribute(name, "LastTrouble"));
        }
        assertFalse(server.isRegistered(name));
    }
}
