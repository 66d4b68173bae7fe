package io.hybridiot.connect.influxdb2.client;

import java.lang.management.ManagementFactory;
import java.util.Map;
import javax.management.JMException;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One task's metrics in JMX, for as long as the task runs. */
public final class Jmx implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Jmx.class);
    private static final String DOMAIN = "io.hybridiot.connect.influxdb2";

    private final ObjectName name;

    private Jmx(final ObjectName name) {
        this.name = name;
    }

    /** Registers {@code metrics}, an MXBean, under the connector's name and the task's number. */
    public static Jmx register(final String type, final Map<String, String> properties, final Object metrics) {
        try {
            final ObjectName name = new ObjectName(DOMAIN + ":type=" + type
                + ",connector=" + ObjectName.quote(properties.getOrDefault("name", "unnamed"))
                + ",task=" + TaskProperties.task(properties));
            if (ManagementFactory.getPlatformMBeanServer().isRegistered(name)) {
                ManagementFactory.getPlatformMBeanServer().unregisterMBean(name);
            }
            ManagementFactory.getPlatformMBeanServer().registerMBean(metrics, name);
            return new Jmx(name);
        } catch (final JMException e) {
            LOG.warn("The task runs without metrics in JMX: {}", e.getMessage(), e);
            return new Jmx(null);
        }
    }

    @Override
    public void close() {
        if (name == null) {
            return;
        }
        try {
            ManagementFactory.getPlatformMBeanServer().unregisterMBean(name);
        } catch (final JMException e) {
            LOG.debug("{} was not registered any more", name, e);
        }
    }
}
