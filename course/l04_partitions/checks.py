"""Checks of lesson 04: keys, partitions and order as Kafka holds them."""

from collections import Counter, defaultdict

from lab.checks import Attempt, called, judge, require, whole

GENERATORS = ("l04-a", "l04-b", "l04-c", "l04-d")
SITES = ("airport", "harbour", "hospital", "stadium")
CYLINDERS = tuple(f"c{number}" for number in range(1, 13))
LARGEST_SHARE = 0.7


def _sent(attempt, topic, what, count, field, names, match=None):
    """Pairs of a record and its value by this field of the value, in order. Raises NotYet while some are missing."""
    groups = defaultdict(list)
    for record in attempt.kafka.records(topic, at_least=count, match=match):
        if record.fields.get(field) in names:
            groups[record.fields[field]].append((record, record.fields))
    total = sum(map(len, groups.values()))
    require(
        total >= count,
        seen=f"{total} of the {count} {what} are in {topic}",
        wanted=f"all {count}",
        likely_cause=f"the loop does not run over all {what}, another topic was named, or the program went on without flush()",
        next_step="count what you send, and flush.",
    )
    return groups


def _spread(group):
    """The partitions that a group's records lie in."""
    return {record.partition for record, _ in group}


def _in_order(groups):
    """Whether each group's records lie in the order of seq."""
    seqs = [[value["seq"] for _, value in group] for group in groups.values()]
    return all(numbers == sorted(numbers) for numbers in seqs)


@judge(
    "l04.keyed",
    title="One generator, one partition",
    goal="All 40 values are in `l04_keyed`, and each generator's are in a single partition, in order.",
    hints=(
        "The demonstration above gives send() a key. Which one keeps a generator together?",
        'for value in values: producer.send("l04_keyed", key=..., value=value), and producer.flush() at the end.',
        'The key is value["generatorID"].encode(): keys are bytes.',
    ),
    services=("kafka",),
)
def keyed(attempt: Attempt) -> str:
    def ours(record):
        return b'"l04-' in (record.value or b"")

    groups = _sent(attempt, "l04_keyed", "values", 40, "generatorID", GENERATORS, ours)
    split = sorted(name for name, group in groups.items() if len(_spread(group)) > 1)
    keys = {record.key for group in groups.values() for record, _ in group}
    require(
        not split,
        seen=f"the readings of {split[0] if split else ''} are in more than one partition",
        wanted="one partition for each generator",
        likely_cause="they have no key" if keys == {None} else "their keys differ from reading to reading",
        next_step="print the key that you give to send() for the first few values.",
    )
    require(
        len(keys) >= len(GENERATORS),
        seen="all generators have the same key and lie in the same partition",
        wanted="a key per generator",
        likely_cause="the key does not depend on the value",
        next_step="what names the generator in each value?",
    )
    require(
        _in_order(groups),
        seen="the readings of a generator are not in order of seq",
        wanted="the order in which they were reported",
        likely_cause="the values were sent in another order, or the cell was run again while the first run still sent",
        next_step="send the values in the order of the list.",
    )
    return "40 readings of 4 generators, each generator in one partition and in order."


@judge(
    "l04.inversions",
    title="Count steps back",
    goal="`inversions(pairs)` counts how often a generator's seq is smaller than its one before.",
    hints=(
        "Remember something per generator while you walk through the pairs.",
        "A dictionary last: for each pair compare seq with last.get(generator), then store it.",
        "count += seq < last.get(generator, seq); last[generator] = seq; at the end return count.",
    ),
    services=(),
)
def inversions(attempt: Attempt, function: object) -> str:
    def of(*pairs):
        return called(
            function,
            iter(pairs),
            call="inversions()",
            wanted="a whole number for any pairs",
            likely_cause="the pairs may come from any iterable, also an empty one",
            next_step="call it yourself with [('a', 0), ('a', 1)] and with [].",
        )

    counted = of(("a", 0), ("a", 1), ("a", 2))
    require(
        isinstance(counted, int),
        seen=f"inversions() returned {counted!r}",
        wanted="a whole number",
        likely_cause="there is no return at its end",
        next_step="return the count.",
    )
    cases = (
        (
            (("a", 5), ("b", 0), ("a", 6), ("b", 1)),
            0,
            "two generators in turns, each in order",
            "the generators are not kept apart",
        ),
        ((("a", 0), ("a", 5), ("a", 9)), 0, "missing numbers", "a gap was taken for a step back"),
        ((("a", 3), ("a", 3)), 0, "the same reading twice", "equal is not smaller"),
        (
            (("a", 5), ("a", 1), ("a", 2), ("a", 3)),
            1,
            "one step back, then forward",
            "compared with the largest seen, not with the one before",
        ),
        (
            (("a", 2), ("b", 9), ("a", 1), ("b", 8), ("a", 0)),
            3,
            "three steps back of two generators",
            "it stops counting, or looks at one generator only",
        ),
    )
    for pairs, expected, words, cause in cases:
        counted = of(*pairs)
        require(
            counted == expected,
            seen=f"{counted} inversions for {words}: {list(pairs)}",
            wanted=f"{expected}",
            likely_cause=cause,
            next_step="walk through these pairs by hand and note what your function remembers.",
        )
    require(of() == 0, seen=f"{of()!r} for no pairs at all", wanted="0", likely_cause="an empty list has no steps back")
    return "It counts steps back, generator by generator."


@judge(
    "l04.group",
    title="Keep a site together",
    goal="All 16 events are in `l04_sites`, and each site's are in one partition, in the order in which they happened.",
    hints=(
        "What must stay in order together must have the same key.",
        "The main and the backup generator have different ids and the same site.",
        'producer.send("l04_sites", key=event["site"].encode(), value=event), then flush.',
    ),
    services=("kafka",),
)
def group(attempt: Attempt) -> str:
    groups = _sent(attempt, "l04_sites", "events", 16, "site", SITES)
    keys = {record.key for found in groups.values() for record, _ in found}
    require(
        None not in keys,
        seen="events without a key",
        wanted="one key for all events of a site",
        likely_cause="send() was given no key, and spreads the events at random",
        next_step="give send() a key.",
    )
    for site, found in sorted(groups.items()):
        own = {record.key for record, _ in found}
        require(
            len(own) == 1,
            seen=f"the events of {site} have {len(own)} keys",
            wanted="one key for all events of a site",
            likely_cause="the key names the device: main and backup then go their own ways",
            next_step="which field do main and backup of a site have in common?",
        )
        numbers = [value.get("number") for _, value in found]
        require(
            numbers == sorted(numbers),
            seen=f"the events of {site} are in the order {numbers}",
            wanted="0, 1, 2, 3",
            likely_cause="the events were sent in another order",
            next_step="send them in the order of the list.",
        )
    require(
        len(keys) == len(SITES),
        seen=f"{len(keys)} keys for {len(SITES)} sites",
        wanted="a key per site",
        likely_cause="the key does not depend on the site: everything is in one partition",
        next_step="print the key of each event.",
    )
    return "16 events, each site in one partition and in order."


@judge(
    "l04.hot",
    title="Cool a hot key",
    goal="Each cylinder's samples are in one partition and in order, and no partition holds more than 70 % of all.",
    hints=(
        "What is the smallest thing whose samples must stay in order?",
        "Put the cylinder into the key as well as the generator.",
        "key=f\"{sample['generatorID']}/{sample['cylinder']}\".encode()",
    ),
    services=("kafka",),
)
def hot(attempt: Attempt) -> str:
    groups = _sent(attempt, "l04_hot", "samples", 600, "cylinder", CYLINDERS)
    split = [name for name in CYLINDERS if len(_spread(groups[name])) > 1]
    keyless = any(record.key is None for found in groups.values() for record, _ in found)
    require(
        not split,
        seen=f"the samples of {len(split)} of 12 cylinders are in several partitions",
        wanted="one partition for each cylinder",
        likely_cause="they have no key, and no order either"
        if keyless
        else "the key of a cylinder changes from sample to sample",
        next_step="what must be the same for all samples of one cylinder?",
    )
    load = Counter(record.partition for found in groups.values() for record, _ in found)
    share = max(load.values()) / load.total()
    require(
        share <= LARGEST_SHARE,
        seen=f"one partition holds {share:.0%} of the samples",
        wanted="at most 70 %",
        likely_cause="all samples have the same key"
        if share == 1
        else "too few keys, or keys that happen to share partitions",
        next_step="how many different keys do you send?",
    )
    require(
        _in_order(groups),
        seen="a cylinder's samples are not in order of seq",
        wanted="the order of the list",
        likely_cause="the samples were sent in another order",
        next_step="send them in the order of the list.",
    )
    return "12 cylinders in order, and no partition carries it all."


@judge(
    "l04.count",
    title="Choose a partition count",
    goal="`partitions` is the smallest number with which the consumers can keep up for two years.",
    hints=(
        "How many consumers are needed on the busiest day of the second year?",
        "60,000 readings per second, 2,500 for each consumer, one partition per consumer.",
        "partitions = 30_000 * 2 / 2_500, as a whole number.",
    ),
    services=(),
)
def count(attempt: Attempt, answer: object) -> str:
    given = whole(answer, "partitions")
    require(
        given != 12,
        seen="12 partitions: enough for today",
        wanted="enough for two years",
        likely_cause="the growth is left out, and changing the number later moves keys",
        next_step="read again what the fleet sends in two years.",
    )
    require(
        given >= 24,
        seen=f"with {given} partitions at most {given} consumers share the work: {given * 2500:,} readings per second",
        wanted="the busiest hour in two years",
        likely_cause="a partition is read by one consumer of a group at most",
        next_step="how many consumers are needed then?",
    )
    require(
        given == 24,
        seen=f"{given} partitions are enough",
        wanted="the smallest number that is",
        likely_cause="each partition costs files, memory and elections on three brokers",
        next_step="how far down can you go before the consumers are too few?",
    )
    return "24 partitions: 24 consumers at 2,500 per second."
