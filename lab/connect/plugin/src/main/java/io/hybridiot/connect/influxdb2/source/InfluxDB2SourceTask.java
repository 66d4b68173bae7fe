package io.hybridiot.connect.influxdb2.source;

import com.influxdb.client.domain.WritePrecision;
import io.hybridiot.connect.influxdb2.Version;
import io.hybridiot.connect.influxdb2.client.InfluxConnection;
import io.hybridiot.connect.influxdb2.client.InfluxRequestException;
import io.hybridiot.connect.influxdb2.client.Jmx;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The source's life cycle. */
public final class InfluxDB2SourceTask extends SourceTask {
    private static final Logger LOG = LoggerFactory.getLogger(InfluxDB2SourceTask.class);

    private final SourceCounts counts = new SourceCounts();
    private InfluxConnection influx;
    private RowMapper mapper;
    private Rows rows;
    private PollSchedule pace;
    private Jmx jmx;
    private Map<String, String> partition;
    private Map<String, ?> committed;

    @Override
    public String version() {
        return Version.get();
    }

    @Override
    public void start(final Map<String, String> properties) {
        final SourceSettings settings = new SourceSettings(properties);
        partition = partition(settings);
        influx = new InfluxConnection(settings, WritePrecision.NS);
        mapper = new RowMapper(settings);
        pace = new PollSchedule(settings.backoff());
        final Position start = start(settings);
        committed = start.toMap();
        rows = Rows.of(settings, start, influx, counts);
        jmx = Jmx.register("influxdb2-source-task", properties, counts);
    }

    /** What Connect keeps the offset under. */
    static Map<String, String> partition(final SourceSettings settings) {
        return Map.of("bucket", settings.bucket());
    }

    private Position start(final SourceSettings settings) {
        final Map<String, Object> offset =
            settings.bulk() ? null : context.offsetStorageReader().offset(partition);
        try {
            return offset == null ? new Position(settings.start(), new DeliveredRows()) : Position.of(offset);
        } catch (final IllegalArgumentException e) {
            throw new ConnectException("The connector's offset cannot be read: " + e.getMessage()
                + ". Correct or delete it through Connect's offsets endpoint.", e);
        }
    }

    @Override
    public List<SourceRecord> poll() throws InterruptedException {
        if (!pace.await()) {
            return null;
        }
        try {
            final RescanWindow.Step step = rows.step();
            pace.succeeded(rows.pause());
            return step.rows().isEmpty() ? null : records(step);
        } catch (final InfluxRequestException failure) {
            counts.retry(failure.getMessage());
            if (!pace.failed(failure)) {
                throw new ConnectException(failure.getMessage(), failure);
            }
            LOG.warn("Query failed, it will be tried again: {}", failure.getMessage());
            return null;
        }
    }

    /**
     * The rows as records. Only the last carries the new position: Connect commits an offset once all records before it
     * are in Kafka, so a kill in between repeats these rows and loses none.
     */
    private List<SourceRecord> records(final RescanWindow.Step step) {
        final Map<String, ?> after = step.position().toMap();
        final List<SourceRecord> records = new ArrayList<>(step.rows().size());
        for (int i = 0; i < step.rows().size(); i++) {
            final boolean last = i == step.rows().size() - 1;
            records.add(new SourceRecord(partition, last ? after : committed,
                mapper.topic(step.rows().get(i)), null,
                Schema.OPTIONAL_STRING_SCHEMA, mapper.key(step.rows().get(i)), null, mapper.value(step.rows().get(i))));
        }
        committed = after;
        counts.handed(records.size());
        return records;
    }

    @Override
    public void stop() {
        if (pace != null) {
            pace.stop();
        }
        if (rows != null) {
            rows.close();
        }
        if (jmx != null) {
            jmx.close();
        }
        if (influx != null) {
            influx.close();
        }
    }
}
