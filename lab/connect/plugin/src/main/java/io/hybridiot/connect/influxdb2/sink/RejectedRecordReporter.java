package io.hybridiot.connect.influxdb2.sink;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.sink.ErrantRecordReporter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTaskContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands refused records to Connect: to the dead-letter queue, to the log, or as the task's failure. */
final class RejectedRecordReporter {
    private static final Logger LOG = LoggerFactory.getLogger(RejectedRecordReporter.class);

    private final ErrantRecordReporter reporter;
    private final boolean tolerated;
    private final SinkCounts counts;
    private final Deque<Future<Void>> reported = new ArrayDeque<>();

    private RejectedRecordReporter(final ErrantRecordReporter reporter, final boolean tolerated, final SinkCounts counts) {
        this.reporter = reporter;
        this.tolerated = tolerated;
        this.counts = counts;
    }

    /** Connect has no reporter when neither a dead-letter queue nor error logging is set; errors.tolerance then decides. */
    static RejectedRecordReporter of(final SinkTaskContext context, final SinkCounts counts, final Map<String, String> properties) {
        final boolean tolerated = "all".equalsIgnoreCase(properties.get("errors.tolerance"));
        return new RejectedRecordReporter(context.errantRecordReporter(), tolerated, counts);
    }

    /** Reports a record. Throws ConnectException when errors.tolerance is none. */
    void report(final SinkRecord record, final Exception reason) {
        counts.refused();
        if (reporter != null) {
            reported.add(reporter.report(record, reason));
        } else if (tolerated) {
            LOG.warn("Dropped {}: {}", where(record), reason.getMessage());
        } else {
            throw new ConnectException(where(record) + ": " + reason.getMessage()
                + " Set errors.tolerance=all and errors.deadletterqueue.topic.name to put such records aside.", reason);
        }
    }

    private static String where(final SinkRecord record) {
        return record.originalTopic() + "-" + record.originalKafkaPartition() + "@" + record.originalKafkaOffset();
    }

    /** Returns when the dead-letter queue has confirmed every record reported so far. */
    void await() {
        try {
            for (Future<Void> future = reported.poll(); future != null; future = reported.poll()) {
                future.get();
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConnectException("Stopped while the dead-letter queue had not confirmed a record.", e);
        } catch (final ExecutionException e) {
            throw new ConnectException("The dead-letter queue did not take a record: " + e.getCause().getMessage(), e.getCause());
        }
    }
}
