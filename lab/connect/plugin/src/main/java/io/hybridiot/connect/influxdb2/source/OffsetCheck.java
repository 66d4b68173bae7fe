package io.hybridiot.connect.influxdb2.source;

import java.util.Map;
import java.util.Set;
import org.apache.kafka.connect.errors.ConnectException;

/** Looks at offsets that a person wants to set through Connect's REST interface. */
public final class OffsetCheck {
    private OffsetCheck() {}

    /** Throws ConnectException, naming what is wrong, when the source could not start from one of them. */
    public static void check(final String bucket, final Map<Map<String, ?>, Map<String, ?>> offsets) {
        offsets.forEach((partition, offset) -> {
            if (!partition.keySet().equals(Set.of("bucket"))) {
                throw new ConnectException("The partition must be {\"bucket\": NAME}, and is " + partition + ".");
            }
            if (!partition.get("bucket").equals(bucket)) {
                throw new ConnectException("The connector reads bucket " + bucket + ", and the offset is one of "
                    + partition.get("bucket") + ": it would do nothing. Name the bucket that the connector reads.");
            }
            if (offset != null) {
                read(offset);
            }
        });
    }

    private static void read(final Map<String, ?> offset) {
        try {
            Position.of(offset);
        } catch (final IllegalArgumentException e) {
            throw new ConnectException("The offset cannot be used: " + e.getMessage() + ".", e);
        }
    }
}
