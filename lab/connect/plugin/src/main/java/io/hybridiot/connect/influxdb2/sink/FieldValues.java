package io.hybridiot.connect.influxdb2.sink;

import io.hybridiot.connect.influxdb2.sink.SinkSettings.FieldType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Date;
import java.util.Map;

/** Writes fields: in the type that the settings name, else in the type that they come in. A number that would become another is refused. */
final class FieldValues {
    private final Map<String, FieldType> types;
    private final boolean integersAsFloats;
    private final PointTime time;
    private final SinkCounts counts;

    FieldValues(final SinkSettings settings, final PointTime time, final SinkCounts counts) {
        this.types = settings.fieldTypes();
        this.integersAsFloats = settings.integersAsFloats();
        this.time = time;
        this.counts = counts;
    }

    /** Adds a scalar; objects and lists are left out, and counted. */
    void add(final LineProtocolBuilder line, final String name, final Object value) throws BadRecordException {
        final FieldType type = types.get(name);
        if (type != null) {
            typed(line, name, value, type);
        } else if (value instanceof Number number) {
            number(line, name, number);
        } else if (value instanceof Boolean flag) {
            line.field(name, flag);
        } else if (value instanceof CharSequence text) {
            line.field(name, text.toString());
        } else if (value instanceof Date date) {
            line.field(name, time.ofMillis(date.getTime()));
        } else if (value instanceof Map || value instanceof Iterable || value instanceof org.apache.kafka.connect.data.Struct) {
            counts.leftOut(name);
        } else {
            line.field(name, Texts.of("field", name, value));
        }
    }

    private void typed(final LineProtocolBuilder line, final String name, final Object value, final FieldType type) throws BadRecordException {
        if (type == FieldType.FLOAT && value instanceof Number number) {
            line.field(name, decimal(name, number));
        } else if (type == FieldType.INTEGER && value instanceof Number number) {
            line.field(name, whole(name, number));
        } else if (type == FieldType.BOOLEAN && value instanceof Boolean flag) {
            line.field(name, flag);
        } else if (type == FieldType.STRING && !(value instanceof Number) && !(value instanceof Boolean)) {
            line.field(name, Texts.of("field", name, value));
        } else {
            throw new BadRecordException("field '" + name + "' is " + value + ", and " + SinkSettings.FIELD_TYPES + " says "
                + type.name().toLowerCase(java.util.Locale.ROOT));
        }
    }

    private void number(final LineProtocolBuilder line, final String name, final Number number) throws BadRecordException {
        if (integersAsFloats || number instanceof Double || number instanceof Float || number instanceof BigDecimal) {
            line.field(name, decimal(name, number));
        } else {
            line.field(name, whole(name, number));
        }
    }

    /** A whole number exactly; a 32-bit float by its shortest digits, so that 0.1 stays 0.1; a Decimal as the nearest float. */
    private static double decimal(final String name, final Number number) throws BadRecordException {
        final double value = number instanceof Float small ? Double.parseDouble(small.toString()) : number.doubleValue();
        if (!Double.isFinite(value)) {
            throw new BadRecordException("field '" + name + "' is " + number + ", which InfluxDB cannot hold");
        }
        final boolean whole = number instanceof Long || number instanceof BigInteger;
        if (whole && new BigDecimal(value).compareTo(new BigDecimal(number.toString())) != 0) {
            throw new BadRecordException("field '" + name + "' is the whole number " + number + ", which no float can hold exactly");
        }
        return value;
    }

    private static long whole(final String name, final Number number) throws BadRecordException {
        if (number instanceof Long || number instanceof Integer || number instanceof Short || number instanceof Byte) {
            return number.longValue();
        }
        if (number instanceof BigInteger big) {
            if (big.bitLength() > 63) {
                throw new BadRecordException("field '" + name + "' is a whole number beyond 64 bits with a sign: " + big);
            }
            return big.longValue();
        }
        try {
            return new BigDecimal(number.toString()).longValueExact();
        } catch (final ArithmeticException | NumberFormatException e) {
            throw new BadRecordException("field '" + name + "' is " + number + ", and " + SinkSettings.FIELD_TYPES + " says integer", e);
        }
    }
}
