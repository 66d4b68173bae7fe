package io.hybridiot.connect.influxdb2.sink;

import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Reads InfluxDB's words about a refused request: which of its points they seem to be about, and whether they say that
 * every point was refused.
 *
 * <p>InfluxDB 2.9 answers 400 when a line cannot be parsed, writes nothing then, and quotes every such line. It answers
 * 422 when it dropped points, gives one of the reasons, and the number it dropped: of one shard group, or of all that
 * are too old. A suspicion is therefore only worth a question: a request of suspects alone, of which InfluxDB then says
 * that it dropped as many as it was given.
 */
final class Suspects {
    private static final Pattern CONFLICT = Pattern.compile(
        "input field \"([^\"\\\\]+)\" on measurement \"([^\"\\\\]+)\" is type (\\w+), already exists as type (\\w+)");
    private static final Pattern DROPPED = Pattern.compile(" dropped=(\\d+)");
    private static final String TOO_OLD = " outside retention policy ";
    private static final String UNPARSED = "unable to parse '";

    private final BitSet suspected;
    private final boolean allRefused;
    private final String reason;
    private final Map<Integer, String> ownReasons;

    private Suspects(
            final BitSet suspected, final boolean allRefused, final String reason, final Map<Integer, String> ownReasons) {
        this.suspected = suspected;
        this.allRefused = allRefused;
        this.reason = reason;
        this.ownReasons = ownReasons;
    }

    static Suspects of(final String said, final List<String> lines) {
        final Matcher conflict = CONFLICT.matcher(said);
        if (conflict.find()) {
            return ofOtherTypes(conflict, said, lines);
        }
        if (said.contains(UNPARSED)) {
            return quoted(said, lines);
        }
        final BitSet found = said.contains(TOO_OLD) ? oldest(dropped(said), lines) : new BitSet();
        return counted(found, said, lines, Map.of());
    }

    private static Suspects counted(
            final BitSet found, final String said, final List<String> lines, final Map<Integer, String> reasons) {
        final boolean all = found.cardinality() == lines.size() && dropped(said) == lines.size();
        return new Suspects(found, all, DROPPED.matcher(said).replaceAll(""), reasons);
    }

    /** Whatever has the field in another type than the one that exists. */
    private static Suspects ofOtherTypes(final Matcher conflict, final String said, final List<String> lines) {
        final String field = LineProtocolBuilder.escaped(conflict.group(1), true);
        final String measurement = LineProtocolBuilder.escaped(conflict.group(2), false);
        final BitSet found = new BitSet(lines.size());
        final Map<String, String> perType = new HashMap<>();
        final Map<Integer, String> reasons = new HashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            final String type = LineReader.type(lines.get(i), measurement, field);
            if (type != null && !type.equals(conflict.group(4))) {
                found.set(i);
                reasons.put(i, perType.computeIfAbsent(type, own -> DROPPED.matcher(said.substring(0, conflict.start(3))
                    + own + said.substring(conflict.end(3))).replaceAll("")));
            }
        }
        return counted(found, said, lines, reasons);
    }

    private static BitSet oldest(final int count, final List<String> lines) {
        final BitSet found = new BitSet(lines.size());
        IntStream.range(0, lines.size()).boxed()
            .sorted(Comparator.comparingLong(i -> LineReader.time(lines.get(i))))
            .limit(count).forEach(found::set);
        return found;
    }

    /** InfluxDB quotes the lines in their order, each with a reason behind it. */
    private static Suspects quoted(final String said, final List<String> lines) {
        final Map<Integer, String> reasons = new HashMap<>();
        final int first = said.indexOf(UNPARSED);
        int at = first;
        for (int i = 0; i < lines.size() && at >= 0; i++) {
            final String quote = UNPARSED + lines.get(i) + "': ";
            if (said.startsWith(quote, at)) {
                final int next = said.indexOf("\n" + UNPARSED, at + quote.length());
                reasons.put(i, said.substring(0, first) + said.substring(at, next < 0 ? said.length() : next));
                at = next < 0 ? next : next + 1;
            }
        }
        final BitSet found = new BitSet(lines.size());
        reasons.keySet().forEach(found::set);
        return new Suspects(found, reasons.size() == lines.size(), said, reasons);
    }

    private static int dropped(final String said) {
        final Matcher dropped = DROPPED.matcher(said);
        return dropped.find() ? Integer.parseInt(dropped.group(1)) : 0;
    }

    /** Which points of the request they are. */
    BitSet points() {
        return suspected;
    }

    int count() {
        return suspected.cardinality();
    }

    /** Whether every point of the request is a suspect of the same kind, and InfluxDB says that it refused every one. */
    boolean areAllRefused() {
        return allRefused;
    }

    /** Why point {@code i} was refused. */
    String reason(final int i) {
        return ownReasons.getOrDefault(i, reason);
    }
}
