package io.hybridiot.connect.influxdb2.client;

import com.influxdb.client.InfluxDBClient;
import com.influxdb.client.InfluxDBClientFactory;
import com.influxdb.client.InfluxDBClientOptions;
import com.influxdb.client.domain.WritePrecision;
import com.influxdb.exceptions.InfluxException;
import com.influxdb.query.FluxRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import okhttp3.OkHttpClient;

/** The official client behind the two small interfaces that the logic knows. */
public final class InfluxConnection implements LineWriter, RowReader, AutoCloseable {
    private static final Set<String> FLUX_COLUMNS =
        Set.of("result", "table", "_time", "_start", "_stop", "_measurement");

    private final InfluxDBClient client;
    private final ConnectionConfig config;
    private final WritePrecision precision;

    public InfluxConnection(final ConnectionConfig config, final WritePrecision precision) {
        this.config = config;
        this.precision = precision;
        this.client = InfluxDBClientFactory.create(options(config));
        if (config.gzip()) {
            client.enableGzip();
        }
    }

    private static InfluxDBClientOptions options(final ConnectionConfig config) {
        final Duration timeout = config.requestTimeout();
        final OkHttpClient.Builder http = new OkHttpClient.Builder()
            .connectTimeout(timeout).readTimeout(timeout).writeTimeout(timeout)
            .retryOnConnectionFailure(false);
        return InfluxDBClientOptions.builder()
            .url(config.url()).authenticateToken(config.token().toCharArray())
            .org(config.org()).bucket(config.bucket()).okHttpClient(http).build();
    }

    @Override
    public void write(final List<String> lines) throws InfluxFailure {
        try {
            client.getWriteApiBlocking().writeRecord(precision, String.join("\n", lines));
        } catch (final InfluxException e) {
            throw Failures.of(e, config.url());
        }
    }

    @Override
    public void query(final String flux, final Predicate<Row> rows) throws InfluxFailure {
        final CompletableFuture<Void> done = new CompletableFuture<>();
        client.getQueryApi().query(flux, config.org(),
            (cancellable, record) -> {
                if (!rows.test(row(record))) {
                    cancellable.cancel();
                    done.complete(null);
                }
            },
            done::completeExceptionally, () -> done.complete(null));
        try {
            done.get();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw InfluxFailure.of(InfluxFailure.Kind.PASSING, "The query was interrupted.");
        } catch (final ExecutionException e) {
            throw Failures.ofQuery(e.getCause(), config.url());
        }
    }

    private static Row row(final FluxRecord record) {
        final Map<String, Object> values = new LinkedHashMap<>();
        for (final Map.Entry<String, Object> column : record.getValues().entrySet()) {
            if (column.getValue() != null && !FLUX_COLUMNS.contains(column.getKey())) {
                values.put(column.getKey(), column.getValue());
            }
        }
        final Instant time = record.getTime();
        final Object measurement = record.getValueByKey("_measurement");
        return new Row(record.getTable(), time == null ? 0 : Nanos.of(time), measurement == null ? null : measurement.toString(), values);
    }

    @Override
    public void close() {
        client.close();
    }
}
