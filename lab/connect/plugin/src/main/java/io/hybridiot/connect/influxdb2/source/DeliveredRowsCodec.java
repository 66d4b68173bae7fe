package io.hybridiot.connect.influxdb2.source;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.Map;
import java.util.NavigableSet;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/**
 * Packs {@link DeliveredRows} into text for the offset: per series its hash, a count, and the times as differences,
 * deflated, in Base64. Regular readings take one to three bytes each.
 */
final class DeliveredRowsCodec {
    private DeliveredRowsCodec() {}

    static String encode(final DeliveredRows seen) {
        if (seen.size() == 0) {
            return "";
        }
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        final Deflater fast = new Deflater(Deflater.BEST_SPEED);
        try (DataOutputStream out = new DataOutputStream(new DeflaterOutputStream(bytes, fast))) {
            out.writeInt(seen.bySeries().size());
            for (final Map.Entry<Long, NavigableSet<Long>> series : seen.bySeries().entrySet()) {
                write(out, series.getKey(), series.getValue());
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            fast.end();
        }
        return Base64.getEncoder().encodeToString(bytes.toByteArray());
    }

    private static void write(final DataOutputStream out, final long series, final NavigableSet<Long> times)
            throws IOException {
        out.writeLong(series);
        out.writeInt(times.size());
        long last = 0;
        for (final long time : times) {
            writeVar(out, time - last);
            last = time;
        }
    }

    /** Reads what {@link #encode} wrote. Throws IllegalArgumentException when it is something else. */
    static DeliveredRows decode(final String text) {
        final DeliveredRows seen = new DeliveredRows();
        if (text.isEmpty()) {
            return seen;
        }
        final byte[] bytes = Base64.getDecoder().decode(text);
        try (DataInputStream in = new DataInputStream(new InflaterInputStream(new ByteArrayInputStream(bytes)))) {
            for (int series = in.readInt(); series > 0; series--) {
                read(in, seen);
            }
        } catch (final IOException e) {
            throw new IllegalArgumentException("not a list of rows that this connector wrote: " + e.getMessage(), e);
        }
        return seen;
    }

    private static void read(final DataInputStream in, final DeliveredRows seen) throws IOException {
        final long series = in.readLong();
        long time = 0;
        for (int left = in.readInt(); left > 0; left--) {
            time += readVar(in);
            seen.add(series, time);
        }
    }

    private static void writeVar(final DataOutputStream out, final long value) throws IOException {
        long left = value;
        while ((left & ~0x7FL) != 0) {
            out.writeByte((int) (left & 0x7F | 0x80));
            left >>>= 7;
        }
        out.writeByte((int) left);
    }

    private static long readVar(final DataInputStream in) throws IOException {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            final int next = in.readUnsignedByte();
            value |= (long) (next & 0x7F) << shift;
            if ((next & 0x80) == 0) {
                return value;
            }
        }
        throw new IOException("a number has no end");
    }
}
