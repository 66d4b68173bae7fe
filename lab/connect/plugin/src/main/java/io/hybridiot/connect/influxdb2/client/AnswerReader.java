package io.hybridiot.connect.influxdb2.client;

import io.hybridiot.connect.influxdb2.client.InfluxRequestException.Kind;
import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Takes an answer in annotated CSV apart (InfluxDB documentation, Annotated CSV).
 *
 * <p>Not the official client's parser: it knows columns by name only, so that a field named {@code result} or {@code table} hides
 * behind the answer's own, takes an empty text for none, and wraps unsigned numbers.
 */
public final class AnswerReader {
    private List<String> types = List.of();
    private List<String> groups = List.of();
    private List<String> standards = List.of();
    private boolean headerNext;
    private boolean isError;

    private AnswerReader() {}

    /** Gives each row to {@code taker} until it returns false. The row is only good until the next. */
    public static void read(final Reader in, final Predicate<Answer> taker) throws IOException, InfluxRequestException {
        new AnswerReader().readAll(new CsvReader(in), taker);
    }

    private void readAll(final CsvReader csv, final Predicate<Answer> taker) throws IOException, InfluxRequestException {
        final Answer answer = new Answer(csv);
        while (csv.next()) {
            if (csv.size() == 1 && csv.isEmpty(0)) {
                continue;
            }
            if (!csv.isEmpty(0)) {
                annotation(csv);
            } else if (headerNext) {
                header(csv, answer);
            } else if (!row(csv, answer, taker)) {
                return;
            }
        }
    }

    private void annotation(final CsvReader csv) throws InfluxRequestException {
        switch (csv.cell(0)) {
            case "#datatype" -> types = cells(csv);
            case "#group" -> groups = cells(csv);
            case "#default" -> standards = cells(csv);
            default -> throw InfluxRequestException.notInflux("the answer to a query begins with \"" + shortened(csv.cell(0)) + "\"");
        }
        headerNext = true;
    }

    private void header(final CsvReader csv, final Answer answer) throws InfluxRequestException {
        final List<String> labels = cells(csv);
        if (types.size() != labels.size() || groups.size() != labels.size() || standards.size() != labels.size()) {
            throw broken("columns and annotations differ in number");
        }
        isError = labels.size() == 3 && "error".equals(labels.get(1)) && "reference".equals(labels.get(2));
        final List<Column> columns = new ArrayList<>(labels.size());
        for (int i = 0; i < labels.size(); i++) {
            columns.add(new Column(labels.get(i), types.get(i), "true".equals(groups.get(i)), standards.get(i)));
        }
        answer.begin(columns);
        headerNext = false;
    }

    private boolean row(final CsvReader csv, final Answer answer, final Predicate<Answer> taker) throws InfluxRequestException {
        if (isError) {
            throw broken(csv.cell(1));
        }
        if (csv.size() != answer.size()) {
            throw broken("a row has " + csv.size() + " cells and not " + answer.size());
        }
        answer.next();
        return taker.test(answer);
    }

    private static List<String> cells(final CsvReader csv) {
        final List<String> cells = new ArrayList<>(csv.size());
        for (int i = 0; i < csv.size(); i++) {
            cells.add(csv.cell(i));
        }
        return cells;
    }

    private static InfluxRequestException broken(final String why) {
        return InfluxRequestException.of(Kind.PASSING, "The query broke off: " + why);
    }

    private static String shortened(final String text) {
        return text.length() > 40 ? text.substring(0, 40) + "..." : text;
    }
}
