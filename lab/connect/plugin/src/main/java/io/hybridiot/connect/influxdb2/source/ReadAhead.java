package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.Row;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Reads the next slice while Connect still sends the last one. At most one slice is under way. */
final class ReadAhead {
    /** Connect wants poll to come back soon, also while InfluxDB hangs. */
    private static final long LONGEST_WAIT_MS = 500;

    private final Slicer slicer;
    private final Executor executor;
    private CompletableFuture<List<Row>> underWay;

    ReadAhead(final Slicer slicer, final Executor executor) {
        this.slicer = slicer;
        this.executor = executor;
    }

    /** Starts on rows with from &lt;= time &lt; to. Only at the end of the stretch before. */
    void begin(final long from, final long to) {
        slicer.begin(from, to);
    }

    boolean atEnd() {
        return underWay == null && slicer.atEnd();
    }

    /** The next slice; empty when it is not there yet. After a failure the same slice is read again. */
    Optional<List<Row>> next() throws InfluxRequestException {
        if (underWay == null) {
            underWay = read();
        }
        try {
            final List<Row> rows = underWay.get(LONGEST_WAIT_MS, TimeUnit.MILLISECONDS);
            underWay = slicer.atEnd() ? null : read();
            return Optional.of(rows);
        } catch (final TimeoutException e) {
            return Optional.empty();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } catch (final ExecutionException e) {
            underWay = null;
            throw failure(e.getCause());
        }
    }

    private CompletableFuture<List<Row>> read() {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return slicer.next();
            } catch (final InfluxRequestException e) {
                throw new CompletionException(e);
            }
        }, executor);
    }

    private static InfluxRequestException failure(final Throwable cause) {
        if (cause instanceof InfluxRequestException known) {
            return known;
        }
        return new InfluxRequestException(InfluxRequestException.Kind.REFUSED, null, null, String.valueOf(cause.getMessage()), cause);
    }
}
