"""Checks of the description, the topic and the rules: what must be known before anything is stored."""

import time

from lab.checks import Attempt, judge, require
from lab.checks.device_probe import described, pairs, proxy_starts, year
from lab.fleet.description import PREFIX, Description, fits, strict
from lab.fleet.devices import known

PER_CONSUMER = 1100
DAY_US = 86_400_000_000
ODD = 0.25
"""Share of a device's messages that may be odd: more, and it is the description that does not fit."""


@judge(
    "l12.device",
    title="Describe it",
    goal="`device` says what its sheet and its messages say: topic, id, time, types, units, alarm and size of the fleet.",
    hints=(
        "Print a few messages of one device one below the other, and look for what varies: levels of the topic, decimals, missing values.",
        "A field that is 12 in one message and 12.5 in the next is a float. Compute the alarm's limit in the unit of the field.",
        'The entries "topic" and "id" go together: "a/{b}/{c}" and "c"; the alarm looks like ("fuel", "<", 500.0).',
    ),
    services=(),
)
def device(attempt: Attempt, declared: object, sample: object) -> str:
    about, _ = described(attempt, declared)
    messages = pairs(sample, "sample")
    mine = [(topic, payload) for topic, payload in messages if about.device_of(topic) is not None]
    _topic_fits(about, messages, mine)
    objects = [found for _, payload in mine if (found := strict(payload))]
    _time_fits(about, objects)
    _fields_fit(about, objects)
    _alarm_fits(about, mine)
    _sheet_agrees(about, [topic for topic, _ in messages], mine)
    return f"{about.name} is described: {len(about.fields)} fields, and the alarm holds in some of its messages and not in others."


def _topic_fits(about: Description, messages: list, mine: list) -> None:
    require(
        len(mine) >= len(messages) / 2,
        seen=f"{len(mine)} of {len(messages)} messages have a topic like {about.topic}",
        wanted="the topic of the readings, which most messages are",
        likely_cause="a level too few or too many, or a level that varies is written out",
        next_step="count the levels of a message's topic.",
    )
    topics, ids = {topic for topic, _ in mine}, {about.device_of(topic) for topic, _ in mine}
    require(
        len(ids) == len(topics),
        seen=f"{len(topics)} topics of readings, and {about.id} has only {len(ids)} values in them",
        wanted="the level that tells one device from another",
        likely_cause=f"{about.id} is something that several devices share",
        next_step="which level is different for every device?",
    )


def _time_fits(about: Description, objects: list) -> None:
    there = [found for found in objects if about.time in found]
    require(
        len(there) >= len(objects) / 2,
        seen=f"{len(there)} of {len(objects)} messages have a field {about.time}",
        wanted="the field that holds the device's own time",
        likely_cause="its name is written in another way",
        next_step="compare with a message.",
    )
    times = [at for found in there if (at := about.moment(found[about.time])) is not None]
    require(
        times,
        seen=f"{about.time} is {there[0][about.time]!r}, which is no time in {about.precision}",
        wanted="the way in which the device writes its time",
        likely_cause="a text with date and zone is ISO 8601, a whole number is seconds or a part of them",
        next_step="look at one message.",
    )
    near = [at for at in times if abs(at - time.time() * 1e6) < DAY_US]
    require(
        near,
        seen=f"read as {about.precision}, the messages are from the year {year(times[-1])}",
        wanted="times of today",
        likely_cause="the number counts another unit",
        next_step="how many digits has the number of seconds since 1970?",
    )


def _fields_fit(about: Description, objects: list) -> None:
    levels = {level.strip("{}") for level in about.topic.split("/") if level.startswith("{")}
    scalars = {
        name for found in objects for name, value in found.items() if not isinstance(value, dict | list | type(None))
    }
    left_out = sorted(scalars - set(about.fields) - {about.time} - levels)
    require(
        not left_out,
        seen=f"the messages have {', '.join(left_out)}, and fields has not",
        wanted="every field with its type, apart from the time and what the topic says already",
        likely_cause="the sink would give it the type of its first value",
        next_step="add it to fields and units.",
    )
    for name, kind in about.fields.items():
        values = [found[name] for found in objects if found.get(name) is not None]
        wrong = [value for value in values if not fits(value, kind)]
        require(
            values,
            seen=f"no message has a field {name}",
            wanted="the fields of the messages",
            likely_cause="its name is written in another way, or it is the level of a topic",
            next_step="compare with a message.",
        )
        require(
            len(wrong) <= ODD * len(values),
            seen=f"{name} is {wrong[-1] if wrong else None!r} in {len(wrong)} of {len(values)} messages, which is no {kind}",
            wanted="a type that all but odd messages have",
            likely_cause="one message does not show how a field varies",
            next_step="collect all values of that field, and look at them together.",
        )
    no_unit = sorted(set(about.fields) - set(about.units))
    require(
        not no_unit,
        seen=f"no unit for {', '.join(no_unit)}",
        wanted='a unit for each field, "none" where it has none',
        next_step="read the sheet: the alarm's limit may be given in another unit.",
    )


def _alarm_fits(about: Description, mine: list) -> None:
    readings = [found for topic, payload in mine if (found := about.reading(about.device_of(topic) or "", payload))]
    verdicts = {about.alarming(reading.values) for reading in readings} - {None}
    require(
        verdicts == {True, False},
        seen=f"{' '.join(map(str, about.alarm))} holds in {'every' if verdicts == {True} else 'no'} message of the sample",
        wanted="a condition that tells some messages from others, so that you can see your alarm work",
        likely_cause="the limit is in another unit than the field, or the comparison is turned round",
        next_step="print the values of that field, and convert the limit.",
    )


def _sheet_agrees(about: Description, topics: list[str], mine: list) -> None:
    """For the simulated devices the sheet is known, and more can be said."""
    simulated = known(topics)
    if simulated is None:
        return
    truth = simulated.truth
    for name, kind in truth.fields.items():
        require(
            about.fields.get(name) == kind,
            seen=f"you give {name} the type {about.fields.get(name)}",
            wanted="the type that follows from the sheet",
            likely_cause="in this minute its values happened to look like that; the sheet says what may come tomorrow",
            next_step=f"read the line of {name} in the sheet again.",
        )
    for topic, payload in mine:
        reading = truth.reading(truth.device_of(topic) or "", payload)
        if reading is None or truth.alarming(reading.values) is None:
            continue
        field = truth.alarm[0]
        require(
            about.alarming(reading.values) == truth.alarming(reading.values),
            seen=f"by your condition a message with {field} = {reading.values[field]} is "
            f"{'an alarm' if about.alarming(reading.values) else 'none'}; by the sheet it is the other way round",
            wanted="the condition of the sheet, in the unit of the field",
            likely_cause="the limit was not converted, or the limit itself is on the wrong side",
            next_step="work out by hand what the sheet says about this one value.",
        )
    require(
        (about.devices, about.every) == (truth.devices, truth.every),
        seen=f"{about.devices} devices, a reading every {about.every} s each",
        wanted="the size of the fleet as the sheet gives it",
        next_step="read the last line of the sheet.",
    )


# Exercise 2: the topic


def _from_scratch(attempt: Attempt) -> None:
    """Nothing of an earlier attempt is left: it would keep a topic's partitions and a field's type."""
    from lab.provision import clean

    clean.connectors(attempt.where, PREFIX)
    clean.influx(attempt.where, PREFIX)
    clean.topics(attempt.where, PREFIX)
    clean.groups(attempt.where, PREFIX)


@judge(
    "l12.topic",
    title="Partitions by arithmetic",
    goal="The topic of readings has as many partitions as the whole fleet needs at twice its rate, three replicas and `min.insync.replicas` 2.",
    hints=(
        "Readings per second of the whole fleet first, then how many consumers take twice that.",
        "devices / every is readings per second. A part of a consumer does not exist: math.ceil.",
        'partitions = math.ceil(2 * device["devices"] / device["every"] / PER_CONSUMER), then admin.create_topics([NewTopic(...)])',
    ),
    services=("kafka", "connect", "influxd"),
    mark=_from_scratch,
    deadline=60.0,
)
def topic(attempt: Attempt, declared: object) -> str:
    about, _ = described(attempt, declared)
    name, wanted = about.named("readings"), about.partitions(PER_CONSUMER)
    found = attempt.wait(lambda: attempt.kafka.topic(name), bool, 5, "Waiting for the topic")
    require(
        found,
        seen=f"there is no topic {name}",
        wanted="the topic of readings",
        likely_cause="it was not created, or has another name",
        next_step='create names["readings"], and run the cell again.',
    )
    rate = about.devices / about.every
    slips = {
        about.partitions(PER_CONSUMER, 1): "that is enough for the usual rate; after an outage it never catches up",
        int(2 * rate / PER_CONSUMER): "it was rounded down: the last part of the rate has no consumer",
        int(rate / PER_CONSUMER): "that is the usual rate, rounded down",
        -(-2 * about.devices // PER_CONSUMER): "devices are not readings: each sends one in so many seconds",
        Description.partitions(_turned(about), PER_CONSUMER): "a reading every n seconds is 1/n per second",
    }
    require(
        len(found) == wanted,
        seen=f"the number of partitions of {name} is {len(found)}",
        wanted=f"enough for twice {rate:,.0f} readings per second, at {PER_CONSUMER:,} per consumer, and none to spare",
        likely_cause=slips.get(len(found), "a factor is missing or there twice"),
        next_step="write the product with its units and cancel them.",
    )
    require(
        {len(partition.replicas) for partition in found} == {3},
        seen=f"each partition has {len(found[0].replicas)} copies",
        wanted="three, one on each broker",
        likely_cause="without replication_factor there is one copy, or as many as the broker's default says",
        next_step="give NewTopic its third argument.",
    )
    least = attempt.kafka.own_setting(name, "min.insync.replicas")
    require(
        least == "2",
        seen=f"the topic's own min.insync.replicas is {least or 'not set'}",
        wanted="2: an acknowledged reading is on two brokers, and one may be away",
        likely_cause="without a setting of its own the topic has the brokers' default: 2 in this lab, 1 almost everywhere else",
        next_step="topic_configs is a dictionary of text.",
    )
    many = "1 partition" if wanted == 1 else f"{wanted} partitions"
    return f"{name}: {many} for twice {rate:,.0f} readings per second, on three brokers each."


def _turned(about: Description) -> Description:
    """The same with a rate multiplied where it must be divided."""
    from dataclasses import replace

    return replace(about, every=1 / about.every)


# Exercise 3: the rules


@judge(
    "l12.rule",
    title="Two rules",
    goal="Every message of the sample is in Kafka: readings under the key of their device and with its header, the rest in a topic of their own.",
    hints=(
        "The description's topic is the pattern of the first rule already. The second takes everything below the same first level.",
        'key = "{...}" and headers = { ... = "{...}" } take a level of the topic; the pattern of the rest ends with /#.',
        'mqtt = "first/#" with topic = "l12_NAME_rest" comes second: the first rule that matches decides.',
    ),
    services=("kafka",),
    deadline=60.0,
)
def rule(attempt: Attempt, declared: object, sample: object) -> str:
    about, probe = described(attempt, declared)
    messages = pairs(sample, "sample")
    mine = {(about.device_of(topic), payload) for topic, payload in messages if about.device_of(topic)}
    rest = {payload for topic, payload in messages if not about.device_of(topic)}
    readings, others = probe.records("readings"), probe.records("rest")
    wanted = (
        f"{len(mine)} readings in {about.named('readings')} and {len(rest)} other messages in {about.named('rest')}"
    )
    require(
        proxy_starts(),
        seen="no proxy of yours is running",
        wanted=wanted,
        likely_cause="it did not understand its file, and ended",
        next_step="read what the cell printed: the proxy names the place.",
    )
    require(
        readings or others,
        seen="no message of the sample came to either topic since you ran the cell",
        wanted=wanted,
        likely_cause="no rule takes the first of them: it is refused, sent again, refused again, and nothing behind it gets through",
        next_step="which topics does no pattern of yours match? Print the topics of the sample.",
    )
    strays = [record for record in readings if record.value in rest]
    require(
        not strays,
        seen=f"{len(strays)} messages that are no readings are in {about.named('readings')}",
        wanted=wanted,
        likely_cause="the pattern of the readings takes more than readings, or the rule for the rest comes first",
        next_step="a capture takes one level; compare the number of levels.",
    )
    missing = {payload for _, payload in mine} - {record.value for record in readings}
    taken = [record for record in others if record.value in {payload for _, payload in mine}]
    require(
        not missing,
        seen=f"{len(missing)} of {len(mine)} readings are not in {about.named('readings')}"
        + (", but in the topic of the rest" if taken else ""),
        wanted=wanted,
        likely_cause="the rule for the rest comes first and takes them"
        if taken
        else "their rule names another Kafka topic, or a message before them is refused again and again",
        next_step="in which order are rules tried, and what does no rule take?",
    )
    lost = rest - {record.value for record in others}
    require(
        not lost,
        seen=f"{len(lost)} messages that are no readings are nowhere in {about.named('rest')}",
        wanted=wanted,
        likely_cause="no rule takes them, or they go to another topic",
        next_step="which topics does the second pattern match?",
    )
    _keys_and_headers(about, mine, readings)
    apart = f" Messages that are none, and came apart from them: {len(rest)}." if rest else ""
    return f"{len(mine)} readings of {len({key for key, _ in mine})} devices, by key and header.{apart}"


def _keys_and_headers(about: Description, mine: set, readings: list) -> None:
    by_payload: dict[bytes, set] = {}
    for key, payload in mine:
        by_payload.setdefault(payload, set()).add(key)
    keyless = [record for record in readings if record.key not in by_payload.get(record.value, ())]
    require(
        not keyless,
        seen=f"a reading of {sorted(by_payload.get(keyless[0].value, {'?'}))[0]} has the key {keyless[0].key}"
        if keyless
        else "",
        wanted=f"the {about.id} as key, so that each device keeps its order",
        likely_cause="no key, or another level",
        next_step="a capture is in braces; which level is the device?",
    )
    bare = [record for record in readings if record.headers.get(about.id, b"").decode() != record.key]
    require(
        not bare,
        seen=f"a reading of {bare[0].key} has the headers {sorted(bare[0].headers) or 'none'}" if bare else "",
        wanted=f"a header called {about.id} that holds the device",
        likely_cause="the sink can make a tag of a header, and of nothing else that comes from the topic",
        next_step='headers = { name = "{level}" }',
    )
