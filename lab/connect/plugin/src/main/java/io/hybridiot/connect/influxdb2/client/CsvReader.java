package io.hybridiot.connect.influxdb2.client;

import java.io.IOException;
import java.io.Reader;
import java.util.Arrays;

/**
 * Reads CSV record by record (RFC 4180), every character of a value kept.
 *
 * <p>One buffer serves all records: an answer has hundreds of thousands of cells, of which few become texts.
 */
final class CsvReader {
    private final Reader in;
    private final char[] buffer = new char[1 << 15];
    private int next;
    private int filled;

    private char[] text = new char[512];
    private int length;
    private int[] ends = new int[32];
    private boolean[] quoted = new boolean[32];
    private int cells;

    CsvReader(final Reader in) {
        this.in = in;
    }

    /** Goes on to the next record; false at the end. A blank line is a record of one empty cell. */
    boolean next() throws IOException {
        length = 0;
        cells = 0;
        int c = read();
        if (c < 0) {
            return false;
        }
        while (true) {
            final boolean opened = c == '"';
            c = opened ? quotedCell() : plainCell(c);
            end(opened);
            if (c != ',') {
                return true;
            }
            c = read();
        }
    }

    /** Reads up to the end of the cell; returns the comma, the line's end or -1 behind it. */
    private int plainCell(final int first) throws IOException {
        int c = first;
        while (c >= 0 && c != ',' && c != '\n') {
            if (c != '\r') {
                append((char) c);
            }
            c = read();
        }
        return c;
    }

    private int quotedCell() throws IOException {
        while (true) {
            final int c = read();
            if (c < 0) {
                throw new IOException("the answer ends within a value");
            }
            if (c != '"') {
                append((char) c);
                continue;
            }
            final int after = read();
            if (after != '"') {
                return after == '\r' ? read() : after;
            }
            append('"');
        }
    }

    private int read() throws IOException {
        if (next == filled) {
            filled = in.read(buffer);
            next = 0;
            if (filled <= 0) {
                filled = 0;
                return -1;
            }
        }
        return buffer[next++];
    }

    private void append(final char c) {
        if (length == text.length) {
            text = Arrays.copyOf(text, 2 * length);
        }
        text[length++] = c;
    }

    private void end(final boolean opened) {
        if (cells == ends.length) {
            ends = Arrays.copyOf(ends, 2 * cells);
            quoted = Arrays.copyOf(quoted, 2 * cells);
        }
        ends[cells] = length;
        quoted[cells++] = opened;
    }

    /** Cells in the record. */
    int size() {
        return cells;
    }

    String cell(final int i) {
        return new String(text, start(i), ends[i] - start(i));
    }

    boolean isEmpty(final int i) {
        return ends[i] == start(i);
    }

    /** Whether the cell stood in quotes. */
    boolean isQuoted(final int i) {
        return quoted[i];
    }

    /** Whether the cell's text is this. */
    boolean is(final int i, final String other) {
        final int start = start(i);
        if (ends[i] - start != other.length()) {
            return false;
        }
        for (int at = 0; at < other.length(); at++) {
            if (text[start + at] != other.charAt(at)) {
                return false;
            }
        }
        return true;
    }

    private int start(final int i) {
        return i == 0 ? 0 : ends[i - 1];
    }
}
