package io.hybridiot.connect.influxdb2.source;

import io.hybridiot.connect.influxdb2.client.Answer;
import io.hybridiot.connect.influxdb2.client.Row;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Puts rows together from an answer that has a table per series and field, as {@code from |> range} gives it.
 *
 * <p>Not by Flux's pivot: in such a table the tags are the columns of the group key, fields are values, and so no name of a tag
 * or a field can meet another or one of Flux's own; fields of several types stand side by side; an empty text is one.
 */
final class SeriesRows implements Predicate<Answer> {
    /** A field of a measurement. */
    record Field(String measurement, String name) {}

    private static final Set<String> NO_TAGS = Set.of("_start", "_stop", "_field", "_measurement");

    private final int most;
    private final Map<List<Object>, Map<Long, Row>> series = new LinkedHashMap<>();
    private final Set<Field> unsure = new LinkedHashSet<>();
    private int rows;

    private String table;
    private Map<Long, Row> ofSeries;
    private String measurement;
    private Map<String, String> tags;
    private String field;
    private int timeAt;
    private int valueAt;

    /**
     * Begins without rows.
     *
     * @param most more rows than these are not taken
     */
    SeriesRows(final int most) {
        this.most = most;
    }

    @Override
    public boolean test(final Answer answer) {
        if (answer.isNewTable()) {
            begin(answer);
        }
        if (answer.isText(valueAt) && answer.mayLackReturns(valueAt)) {
            unsure.add(new Field(measurement, field));
        }
        put(answer);
        return rows <= most;
    }

    private void begin(final Answer answer) {
        table = answer.table();
        timeAt = answer.find("_time", false);
        valueAt = answer.find("_value", false);
        field = String.valueOf(answer.value(answer.find("_field", true)));
        measurement = String.valueOf(answer.value(answer.find("_measurement", true)));
        tags = new TreeMap<>();
        for (int i = 0; i < answer.size(); i++) {
            if (answer.isInGroupKey(i) && !NO_TAGS.contains(answer.label(i))) {
                tags.put(answer.label(i), String.valueOf(answer.value(i)));
            }
        }
        ofSeries = series.computeIfAbsent(List.of(measurement, tags), key -> new HashMap<>());
    }

    private void put(final Answer answer) {
        final Object value = answer.value(valueAt);
        if (value == null) {
            return;
        }
        final long time = answer.nanos(timeAt);
        Row row = ofSeries.get(time);
        if (row == null) {
            row = new Row(table, time, measurement, tags, new LinkedHashMap<>());
            ofSeries.put(time, row);
            rows++;
        }
        row.values().put(field, value);
    }

    /** Whether there were no more rows than can be taken. */
    boolean areWhole() {
        return rows <= most;
    }

    /** Text fields in whose values the answer may have left out a carriage return. */
    Set<Field> unsure() {
        return unsure;
    }

    /** Replaces texts by those of another answer, which says of each character what it is. */
    void correct(final SeriesRows exact) {
        exact.series.forEach((key, others) -> {
            final Map<Long, Row> own = series.getOrDefault(key, Map.of());
            others.forEach((time, other) -> {
                final Row row = own.get(time);
                if (row != null) {
                    other.values().forEach((name, text) -> row.values().replace(name, Escapes.undo((String) text)));
                }
            });
        });
    }

    /** Every row, in no order. */
    List<Row> rows() {
        final List<Row> all = new ArrayList<>(rows);
        series.values().forEach(ofOne -> all.addAll(ofOne.values()));
        return all;
    }
}
