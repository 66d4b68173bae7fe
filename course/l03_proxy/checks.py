"""Checks of lesson 03: what plain MQTT forgets, what Kafka costs at the edge, and what rules make of a publish."""

from lab.checks import Attempt, NotYet, judge, require, whole

NIGHT = list(range(10))


@judge(
    "l03.nobody",
    title="Nobody is listening",
    goal="`prediction` holds the four numbers: acknowledged, heard, acknowledged with retain, heard with retain.",
    hints=(
        "Who sends the PUBACK: the broker, or the reader that is not there?",
        "A broker hands a message to those who are subscribed, and then it is done. Retain keeps one message per topic.",
        "prediction = (10, ?, 10, ?): without retain nothing is kept; with it the last message of the topic.",
    ),
    services=(),
)
def nobody(attempt: Attempt, answer: object) -> str:
    require(
        isinstance(answer, (tuple, list)) and len(answer) == 4,
        seen=f"prediction is {answer!r}",
        wanted="four numbers",
        likely_cause="another kind of value was given",
        next_step="write prediction = (..., ..., ..., ...).",
    )
    words = ("acknowledged", "heard", "acknowledged with retain", "heard with retain")
    acked, heard, acked_retained, heard_retained = (
        whole(value, word) for value, word in zip(answer, words, strict=True)
    )
    require(
        (acked, acked_retained) == (10, 10),
        seen=f"you expect {acked} and {acked_retained} acknowledgements",
        wanted="what the broker itself answers to ten publishes at QoS 1",
        likely_cause="the PUBACK comes from the broker, whether or not anybody is subscribed",
        next_step="ask who sends a PUBACK, and what that one knows.",
    )
    require(
        heard == 0,
        seen=f"you expect that the first latecomer hears {heard}",
        wanted="what the broker still has when everybody who was subscribed has been served",
        likely_cause="a broker is not a store: it passes on and forgets",
        next_step="how many subscribers were there when the readings came?",
    )
    require(
        heard_retained == 1,
        seen=f"you expect that the second latecomer hears {heard_retained}",
        wanted="what a broker retains for one topic",
        likely_cause="retain keeps the newest message of each topic, not every message",
        next_step="how many topics did the ten readings go to?",
    )
    return "10 acknowledged and none kept; with retain 10 acknowledged and the last one kept."


@judge(
    "l03.late",
    title="Read last night",
    goal="`late` is the list of the `seq` of every reading of `l03-night`, read from Kafka from the beginning.",
    hints=(
        "A consumer without a group begins at the end unless it is told otherwise.",
        'auto_offset_reset="earliest", and a loop over the consumer: for record in consumer: ...',
        'late = [json.loads(record.value)["seq"] for record in consumer if record.key == b"l03-night"]',
    ),
    services=("kafka",),
)
def late(attempt: Attempt, answer: object) -> str:
    wanted = "the seq of every record under the key l03-night, from the first one on"
    require(
        isinstance(answer, list) and all(isinstance(value, int) for value in answer),
        seen=f"late is a {type(answer).__name__}" if not isinstance(answer, list) else "late is a list of other things",
        wanted="a list of whole numbers",
        likely_cause="the records themselves were kept, or a count",
        next_step='take json.loads(record.value)["seq"] of each record.',
    )
    records = attempt.kafka.records(
        attempt.names.readings, from_start=True, match=lambda record: record.key == "l03-night"
    )
    there = sorted(record.json["seq"] for record in records)
    if sorted(answer) == there and there:
        return "All readings of the night, long after they were sent."
    if not answer:
        raise NotYet(
            "late is empty",
            wanted,
            "the consumer began at the end of the topic, or gave up before the first record came",
            "which setting says where a consumer without a position begins?",
        )
    if len(answer) > len(there):
        raise NotYet(
            f"late has {len(answer)} entries; Kafka holds {len(there)} records of l03-night",
            wanted,
            "readings of other generators are among them",
            "compare record.key with the generator's name, as bytes.",
        )
    raise NotYet(
        f"late has {len(answer)} entries that are not the {len(there)} that Kafka holds of l03-night",
        wanted,
        "the loop stopped early, or the numbers are not those of the readings",
        "print len(late) and the first few of them.",
    )


@judge(
    "l03.fleet",
    title="Ten thousand clients",
    goal="`direct` and `through_proxy` say how many connections the three brokers hold together.",
    hints=(
        "Who connects to the brokers in each case?",
        "Each Kafka client holds one connection to each of the three brokers. How many Kafka clients are there?",
        "direct = 10_000 * 3; through the proxy there is a single Kafka client.",
    ),
    services=(),
)
def fleet(attempt: Attempt, direct: object, through_proxy: object) -> str:
    first, second = whole(direct, "direct"), whole(through_proxy, "through_proxy")
    require(
        first == 30_000,
        seen=f"{first} connections without the proxy",
        wanted="the connections of all three brokers together",
        likely_cause="each client was counted once, though it talks to every broker"
        if first == 10_000
        else "a factor is missing",
        next_step="count for one generator first.",
    )
    require(
        second == 3,
        seen=f"{second} connections with the proxy",
        wanted="the connections of all three brokers together",
        likely_cause="the MQTT connections end at the proxy; no broker sees them"
        if second >= 10_000
        else "one producer talks to every broker",
        next_step="who is a client of Kafka when the generators speak MQTT?",
    )
    return "30,000 connections against 3."


@judge(
    "l03.rule",
    title="A rule for the trucks",
    goal="Both trucks are in `l03_trucks`, each under its own key and with its depot in the header `depot`.",
    hints=(
        "The rule of the pumps does nearly the same. Names in braces capture a level.",
        'mqtt = "trucks/{depot}/{truck}", topic, key, partitions, and headers = { ... }.',
        'key = "{truck}" and headers = { depot = "{depot}" }',
    ),
)
def rule(attempt: Attempt) -> str:
    topic = "l03_trucks"
    records = attempt.kafka.records(topic, at_least=2, within=4)
    require(
        records,
        seen="no record came to l03_trucks",
        wanted="one record of truck7 and one of truck8",
        likely_cause="no rule matched trucks/<depot>/<truck>, or it names another Kafka topic",
        next_step="read what the cell printed about each publish, then compare the number of levels.",
    )
    keys = {record.key for record in records}
    if keys == {"north", "south"}:
        raise NotYet(
            "the keys are the depots",
            "each truck under its own name",
            "the other capture was used",
            "which level of the MQTT topic is the truck?",
        )
    require(
        keys == {"truck7", "truck8"},
        seen=f"the keys are {', '.join(sorted(str(key) for key in keys))}",
        wanted="truck7 and truck8",
        likely_cause="no key, a fixed text, or a template with more than the capture",
        next_step="a capture is in braces: what does the key of the pumps look like?",
    )
    depots = {record.key: record.headers.get("depot") for record in records}
    require(
        all(depots.values()),
        seen=f"headers: {sorted({name for record in records for name in record.headers}) or 'none'}",
        wanted="a header called depot",
        likely_cause="headers are missing, or carry another name",
        next_step="look at the line headers = ... of the pumps.",
    )
    require(
        depots == {"truck7": b"north", "truck8": b"south"},
        seen=f"truck7 has the depot {depots['truck7']!r}",
        wanted="the depot of the MQTT topic, north for truck7",
        likely_cause="the header holds another capture, or a fixed text",
        next_step="which capture belongs into the header?",
    )
    return "2 trucks, each with its key and its depot."


@judge(
    "l03.order",
    title="Rules in order",
    goal="`fuel` and `smoke` are in topics of their own, keyed by site, and nothing of kind `debug` is in Kafka.",
    hints=(
        "A pattern with only captures matches everything of that length. What must come before it?",
        'First a rule with mqtt = "sites/{site}/debug" and refuse = true, then the general one.',
        'The general one: mqtt = "sites/{site}/{kind}", topic = "l03_site_{kind}", key = "{site}", partitions = 2.',
    ),
)
def order(attempt: Attempt) -> str:
    fuel = attempt.kafka.records("l03_site_fuel", within=4)
    smoke = attempt.kafka.records("l03_site_smoke", within=1)
    debug = attempt.kafka.records("l03_site_debug", at_least=0, within=0)
    wanted = "one record in l03_site_fuel, one in l03_site_smoke, none in l03_site_debug"
    require(
        not debug,
        seen="a record reached l03_site_debug",
        wanted=wanted,
        likely_cause="the general rule comes first and takes it, or nothing refuses it",
        next_step="in which order are rules tried?",
    )
    require(
        fuel or smoke,
        seen="neither l03_site_fuel nor l03_site_smoke got a record",
        wanted=wanted,
        likely_cause="no rule takes these kinds, or the refusing rule takes them all",
        next_step="read what the cell printed about each publish.",
    )
    require(
        fuel and smoke,
        seen=f"only {'l03_site_fuel' if fuel else 'l03_site_smoke'} got a record",
        wanted=wanted,
        likely_cause="the pattern or the topic is written for one kind",
        next_step="let the Kafka topic be a template with the captured kind.",
    )
    require(
        fuel[-1].key == "harbour" and smoke[-1].key == "airport",
        seen=f"the keys are {fuel[-1].key} and {smoke[-1].key}",
        wanted="harbour and airport",
        likely_cause="the key is missing, or made from another level",
        next_step="which capture is the site?",
    )
    return "fuel and smoke in topics of their own; debug refused."


@judge(
    "l03.wait",
    title="Wait for Kafka",
    goal="`during` and `after` say what you saw: whether the reading of `l03-wait` was acknowledged during the freeze, and after it.",
    hints=(
        "Publish inside the block, ask twice: once inside, once behind it.",
        "sent = client.publish(..., qos=1) and acknowledged([sent], 1.5) inside; acknowledged([sent], 15) after the block.",
        "during = acknowledged([sent], 1.5) == 1 as the last line inside; after = acknowledged([sent], 15) == 1 behind the block.",
    ),
)
def wait(attempt: Attempt, during: object, after: object) -> str:
    records = attempt.kafka.records(attempt.names.readings, within=8, match=lambda record: record.key == "l03-wait")
    require(
        records,
        seen="no reading of l03-wait reached Kafka since you ran the cell",
        wanted="one reading, published during the freeze",
        likely_cause="it was published to another topic, or the client left before its acknowledgement",
        next_step="look at the MQTT topic, and where your program waits.",
    )
    require(
        not during,
        seen="acknowledged, you say, while two of three brokers were frozen",
        wanted="an acknowledgement that needs at least two brokers",
        likely_cause="QoS 0, which asks nobody, or it was published before the freeze began",
        next_step="look at the QoS, and whether publish() is inside the block.",
    )
    require(
        after,
        seen="the reading is in Kafka, and you say that it was never acknowledged",
        wanted="the acknowledgement that came when the brokers were back",
        likely_cause="it was asked for inside the block only, or of another publish",
        next_step="wait for the same message again behind the block.",
    )
    return "No PUBACK while two brokers hung; PUBACK as soon as they were back."
