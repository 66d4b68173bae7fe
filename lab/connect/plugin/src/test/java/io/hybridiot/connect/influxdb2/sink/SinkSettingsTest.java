package io.hybridiot.connect.influxdb2.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.influxdb.client.domain.WritePrecision;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The sink's settings: defaults, what each gives, and mistakes that are refused beside their property. */
class SinkSettingsTest {
    private static final Map<String, String> NEEDED = Map.of(
        "influxdb.url", "http://localhost:8086", "influxdb.token", "t", "influxdb.org.id", "o", "influxdb.bucket", "b");

    private static SinkSettings with(final Map<String, String> more) {
        final Map<String, String> properties = new HashMap<>(NEEDED);
        properties.putAll(more);
        return new SinkSettings(properties);
    }

    @Test
    void whatIsNotSetHasTheDefaultsOfTheReference() {
        final SinkSettings settings = with(Map.of());
        assertEquals(Optional.empty(), settings.measurement());
        assertEquals(Optional.empty(), settings.timeField());
        assertEquals(WritePrecision.MS, settings.precision());
        assertEquals(Set.of(), settings.tagFields());
        assertFalse(settings.tagsRequired());
        assertFalse(settings.integersAsFloats());
        assertEquals(Map.of(), settings.fieldTypes());
        assertEquals(5000, settings.batchSize());
        assertEquals(Duration.ofMillis(50), settings.linger());
        assertEquals(2, settings.writers());
        assertEquals(Duration.ofSeconds(30), settings.requestTimeout());
    }

    @ParameterizedTest
    @CsvSource({"Seconds,S", "Milliseconds,MS", "Microseconds,US", "Nanoseconds,NS"})
    void everyPrecisionHasItsUnit(final String name, final WritePrecision unit) {
        assertEquals(unit, with(Map.of(SinkSettings.PRECISION, name)).precision());
    }

    @Test
    void aFieldsTypeIsWhatFollowsTheLastColon() {
        final Map<String, SinkSettings.FieldType> types =
            with(Map.of(SinkSettings.FIELD_TYPES, "fuel:float, seq:integer,a:b:string,on:boolean,fuel:integer")).fieldTypes();
        assertEquals(Map.of("fuel", SinkSettings.FieldType.INTEGER, "seq", SinkSettings.FieldType.INTEGER,
            "a:b", SinkSettings.FieldType.STRING, "on", SinkSettings.FieldType.BOOLEAN), types, "the last of a name counts");
    }

    @Test
    void listsAreSets() {
        final SinkSettings settings = with(Map.of(SinkSettings.TAG_FIELDS, "a,b", SinkSettings.FIELDS_EXCLUDE, "c"));
        assertEquals(Set.of("a", "b"), settings.tagFields());
        assertEquals(Set.of("c"), settings.fieldsExclude());
    }

    @ParameterizedTest
    @ValueSource(strings = {"fuel", "fuel:", ":float", "fuel:Float", "fuel:double", "fuel:float,seq"})
    void aTypeThatIsNoneIsRefused(final String value) {
        final Map<String, String> wrong = Map.of(SinkSettings.FIELD_TYPES, value);
        assertRefused(SinkSettings.FIELD_TYPES, assertThrows(ConfigException.class, () -> with(wrong)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "batch.size|0", "batch.size|1000001", "batch.size|many", "batch.linger.ms|-1", "writers.per.task|0", "writers.per.task|65",
        "write.precision|microseconds", "tags.required|maybe", "measurement.name.format|${nothing}", "influxdb.url|localhost:8086",
        "influxdb.url|http://influx_db:-1", "influxdb.request.timeout.ms|0", "max.retries|-2", "retry.backoff.ms|0"})
    void aMistakeIsRefusedBesideItsProperty(final String name, final String value) {
        final Map<String, String> wrong = Map.of(name, value);
        assertRefused(name, assertThrows(ConfigException.class, () -> with(wrong)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"influxdb.url", "influxdb.token", "influxdb.org.id", "influxdb.bucket"})
    void whatIsNeededIsNamedWhenItIsMissingOrEmpty(final String name) {
        final Map<String, String> missing = new HashMap<>(NEEDED);
        missing.remove(name);
        assertRefused(name, assertThrows(ConfigException.class, () -> new SinkSettings(missing)));
        final Map<String, String> empty = Map.of(name, "");
        assertRefused(name, assertThrows(ConfigException.class, () -> with(empty)));
    }

    @Test
    void aTokenWithAnInvisibleCharacterIsRefusedAndNotShown() {
        final Map<String, String> pasted = Map.of("influxdb.token", "s3\u200bcret");
        final ConfigException refused = assertThrows(ConfigException.class, () -> with(pasted));
        assertTrue(refused.getMessage().contains("U+200B"), refused::getMessage);
        assertFalse(refused.getMessage().contains("cret"), refused::getMessage);
        assertEquals("s3cret", with(Map.of("influxdb.token", " s3cret\n")).token(), "Connect cuts blanks at the ends");
    }

    private static void assertRefused(final String name, final ConfigException refused) {
        assertTrue(refused.getMessage().contains(name), refused::getMessage);
    }
}
