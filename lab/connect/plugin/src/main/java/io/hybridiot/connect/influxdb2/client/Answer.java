package io.hybridiot.connect.influxdb2.client;

import java.util.List;

/** One row of a Flux answer, as it stands in the annotated CSV: cells by their place, with the columns they belong to. */
public final class Answer {
    /** The first three columns are the answer's own: annotation, result and table. A column of data may have the same names. */
    static final int FIRST = 3;

    private final CsvReader csv;
    private List<Column> columns = List.of();
    private int block;
    private String number;
    private boolean isNewTable;

    Answer(final CsvReader csv) {
        this.csv = csv;
    }

    void begin(final List<Column> of) {
        columns = of;
        block++;
        number = null;
    }

    /** Takes over the record that was just read. */
    void next() {
        isNewTable = number == null || !csv.is(FIRST - 1, number);
        if (isNewTable) {
            number = csv.cell(FIRST - 1);
        }
    }

    /** Names the table: another block of columns or another number is another table. */
    public String table() {
        return block + "." + number;
    }

    /** Whether the row is the first of its table. */
    public boolean isNewTable() {
        return isNewTable;
    }

    /** Columns, the answer's own included. */
    public int size() {
        return columns.size();
    }

    public String label(final int i) {
        return columns.get(i).label();
    }

    public boolean isInGroupKey(final int i) {
        return columns.get(i).inGroupKey();
    }

    /** The place of the column of data with this label, or -1; with {@code key}, of one in the group key. */
    public int find(final String label, final boolean key) {
        for (int i = FIRST; i < columns.size(); i++) {
            if (columns.get(i).label().equals(label) && columns.get(i).inGroupKey() == key) {
                return i;
            }
        }
        return -1;
    }

    public boolean isText(final int i) {
        return "string".equals(columns.get(i).type());
    }

    /**
     * Whether the text may have lost a carriage return: InfluxDB leaves it out of the answer, and only the quotes that it needed
     * for it stay.
     */
    public boolean mayLackReturns(final int i) {
        return csv.isQuoted(i);
    }

    /** The cell's value; null when it is empty and not text. InfluxDB writes {@code \r\n} for a line break in a text. */
    public Object value(final int i) {
        final Column column = columns.get(i);
        final String text = text(i);
        if (isText(i)) {
            return csv.isQuoted(i) ? text.replace("\r\n", "\n") : text;
        }
        return text.isEmpty() ? null : Values.read(column.type(), text);
    }

    /** Nanoseconds since the epoch of a column of times. */
    public long nanos(final int i) {
        return Values.time(text(i));
    }

    private String text(final int i) {
        return csv.isEmpty(i) ? columns.get(i).standard() : csv.cell(i);
    }
}
