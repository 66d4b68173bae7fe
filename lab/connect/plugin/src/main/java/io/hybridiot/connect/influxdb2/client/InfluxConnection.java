package io.hybridiot.connect.influxdb2.client;

import com.google.gson.JsonParseException;
import com.influxdb.client.InfluxDBClient;
import com.influxdb.client.InfluxDBClientFactory;
import com.influxdb.client.InfluxDBClientOptions;
import com.influxdb.client.domain.Bucket;
import com.influxdb.client.domain.BucketRetentionRules;
import com.influxdb.client.domain.Buckets;
import com.influxdb.client.domain.Dialect;
import com.influxdb.client.domain.Dialect.AnnotationsEnum;
import com.influxdb.client.domain.Query;
import com.influxdb.client.domain.WritePrecision;
import com.influxdb.client.service.BucketsService;
import com.influxdb.client.service.QueryService;
import com.influxdb.client.service.WriteService;
import com.influxdb.exceptions.InfluxException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import okhttp3.OkHttpClient;
import okhttp3.ResponseBody;
import retrofit2.Response;

/** The official client's services behind the two small interfaces that the logic knows; every answer's status is looked at. */
public final class InfluxConnection implements LineWriter, RowReader, AutoCloseable {
    private static final int WRITTEN = 204;
    private static final int OK = 200;

    private final InfluxDBClient client;
    private final WriteService writes;
    private final QueryService queries;
    private final ConnectionConfig config;
    private final WritePrecision precision;

    public InfluxConnection(final ConnectionConfig config, final WritePrecision precision) {
        this.config = config;
        this.precision = precision;
        this.client = InfluxDBClientFactory.create(options(config));
        if (config.gzip()) {
            client.enableGzip();
        }
        this.writes = client.getService(WriteService.class);
        this.queries = client.getService(QueryService.class);
    }

    /** InfluxDB redirects nothing: a redirect comes from something else and must be seen, not followed. */
    private static InfluxDBClientOptions options(final ConnectionConfig config) {
        final Duration timeout = config.requestTimeout();
        final OkHttpClient.Builder http = new OkHttpClient.Builder()
            .connectTimeout(timeout).readTimeout(timeout).writeTimeout(timeout)
            .followRedirects(false).followSslRedirects(false).retryOnConnectionFailure(false);
        return InfluxDBClientOptions.builder()
            .url(config.url()).authenticateToken(config.token().toCharArray())
            .org(config.org()).bucket(config.bucket()).okHttpClient(http).build();
    }

    /** InfluxDB confirms a write with 204 and with nothing else. */
    @Override
    public void write(final List<String> lines) throws InfluxRequestException {
        try {
            final Response<Void> answer = writes.postWrite(config.org(), config.bucket(), String.join("\n", lines), null,
                "identity", "text/plain; charset=utf-8", null, "application/json", null, precision, null).execute();
            if (answer.code() != WRITTEN) {
                throw Failures.of(answer, config.url());
            }
        } catch (final IOException | InfluxException e) {
            throw Failures.of(e, config.url());
        }
    }

    @Override
    public void read(final String flux, final Predicate<Answer> taker) throws InfluxRequestException {
        final Query query = new Query().query(flux).dialect(new Dialect().header(true).annotations(
            List.of(AnnotationsEnum.DATATYPE, AnnotationsEnum.GROUP, AnnotationsEnum.DEFAULT)));
        try {
            final Response<ResponseBody> answer = queries.postQueryResponseBody(
                null, config.gzip() ? null : "identity", "application/json", config.org(), null, query).execute();
            if (answer.code() != OK) {
                throw Failures.of(answer, config.url());
            }
            read(answer, taker);
        } catch (final IOException | InfluxException e) {
            throw Failures.of(e, config.url());
        }
    }

    private static void read(final Response<ResponseBody> answer, final Predicate<Answer> taker)
            throws IOException, InfluxRequestException {
        final String type = String.valueOf(answer.headers().get("Content-Type"));
        try (ResponseBody body = answer.body()) {
            if (!type.startsWith("text/csv")) {
                throw InfluxRequestException.notInflux("it answers a query with " + type + " and not with CSV");
            }
            AnswerReader.read(body.charStream(), taker);
        }
    }

    /** The bucket's shard-group duration; zero where the token may not see the bucket's settings. */
    public Duration shardGroupDuration() throws InfluxRequestException {
        try {
            final Response<Buckets> answer = client.getService(BucketsService.class)
                .getBuckets(null, null, null, null, config.org(), null, config.bucket(), null).execute();
            final Buckets found = answer.isSuccessful() ? answer.body() : null;
            if (answer.code() == 429 || answer.code() >= 500) {
                throw Failures.of(answer, config.url());
            }
            return found == null || found.getBuckets() == null ? Duration.ZERO : duration(found.getBuckets());
        } catch (final IOException | InfluxException | JsonParseException e) {
            throw Failures.of(e, config.url());
        }
    }

    private static Duration duration(final List<Bucket> buckets) {
        return buckets.stream().flatMap(bucket -> bucket.getRetentionRules().stream())
            .map(BucketRetentionRules::getShardGroupDurationSeconds).filter(Objects::nonNull)
            .map(Duration::ofSeconds).findFirst().orElse(Duration.ZERO);
    }

    @Override
    public void close() {
        client.close();
    }
}
