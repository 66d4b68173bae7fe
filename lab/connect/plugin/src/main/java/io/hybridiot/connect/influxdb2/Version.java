package io.hybridiot.connect.influxdb2;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The plugin's version, which pom.xml alone states; the build puts it into version.properties. */
public final class Version {
    private Version() {}

    public static String get() {
        final Properties properties = new Properties();
        try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
            properties.load(in);
        } catch (final IOException e) {
            throw new UncheckedIOException("version.properties cannot be read from the plugin's jar", e);
        }
        return properties.getProperty("version");
    }
}
