package io.hybridiot.connect.influxdb2;

import org.apache.kafka.connect.errors.DataException;

/**
 * A record that cannot be written; the message says why.
 *
 * <p>Without a stack trace: it is the record's fault and not the code's, and Connect puts the trace, kilobytes of it, into the
 * headers of every dead letter and into its log.
 */
public final class RefusedException extends DataException {
    private static final long serialVersionUID = 1L;

    public RefusedException(final String message) {
        super(message);
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}
