package io.hybridiot.connect.influxdb2.client;

import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoField;

/** Times as text: RFC 3339, and of ISO 8601 also the basic form, a comma before the fraction, and {@code +0100}. */
public final class Times {
    private static final DateTimeFormatter EXTENDED = withOffset(builder().appendPattern("uuuu-MM-dd['T'][' ']HH:mm[:ss]"));
    private static final DateTimeFormatter BASIC = withOffset(builder().appendPattern("uuuuMMdd'T'HHmm[ss]"));
    private static final int LONGEST_DATE = 10;

    private Times() {}

    private static DateTimeFormatterBuilder builder() {
        return new DateTimeFormatterBuilder().parseCaseInsensitive();
    }

    private static DateTimeFormatter withOffset(final DateTimeFormatterBuilder builder) {
        return builder.optionalStart().appendFraction(ChronoField.NANO_OF_SECOND, 1, 9, true).optionalEnd()
            .appendPattern("[XXX][XX][X]").toFormatter(java.util.Locale.ROOT).withResolverStyle(ResolverStyle.STRICT);
    }

    /** Nanoseconds since the epoch. Throws DateTimeException or ArithmeticException when it is no such time. */
    public static long read(final String text) {
        final boolean basic = text.length() > 8 && text.charAt(8) == 'T';
        final String dotted = text.length() > LONGEST_DATE ? text.replace(',', '.') : text;
        return Nanos.of(OffsetDateTime.parse(dotted, basic ? BASIC : EXTENDED).toInstant());
    }
}
