package io.hybridiot.connect.influxdb2.sink;

/** This record cannot become a point; the message says why, and is what the dead-letter queue shows. */
public final class BadRecordException extends Exception {
    private static final long serialVersionUID = 1L;

    public BadRecordException(final String message) {
        this(message, null);
    }

    /** Without a stack trace, which would cost more than the mapping. */
    public BadRecordException(final String message, final Throwable cause) {
        super(message, cause, false, false);
    }
}
