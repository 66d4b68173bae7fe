"""Checks of lesson 06: leaders, replicas and promises as the cluster keeps them."""

import contextlib
from unittest import mock

from lab.checks import Attempt, NotYet, called, judge, require, whole

NIGHT = "l06_night"
ALERTS = "l06_alerts"


@judge(
    "l06.leaders",
    title="Who leads what",
    goal="`led_by(broker, topic)` returns the numbers of the partitions that the broker leads now.",
    hints=(
        "partitions_of(topic) gives one dictionary per partition. Print one: which entry names the leader?",
        'Compare p["leader_id"] with the broker and collect p["partition_index"].',
        'return [p["partition_index"] for p in partitions_of(topic) if p["leader_id"] == broker]',
    ),
)
def leaders(attempt: Attempt, function: object) -> str:
    for broker in (1, 2, 3):
        found = called(
            function,
            broker,
            NIGHT,
            call=f"led_by({broker}, {NIGHT!r})",
            wanted="a list of partition numbers",
            likely_cause="an entry has another name than you thought",
            next_step="print partitions_of('l06_night')[0].",
        )
        require(
            isinstance(found, list),
            seen=f"led_by() returned {found!r}",
            wanted="a list",
            likely_cause="there is no return, or it returns a single partition",
            next_step="collect the numbers in a list and return it.",
        )
        partitions = attempt.kafka.topic(NIGHT)
        expected = [p.number for p in partitions if p.leader == broker]
        holds = [p.number for p in partitions if broker in p.replicas]
        require(
            sorted(found, key=str) == expected,
            seen=f"led_by({broker}, {NIGHT!r}) returned {found}",
            wanted=f"{expected}",
            likely_cause="these are the partitions it holds a copy of, and a copy is not leadership"
            if sorted(found, key=str) == holds
            else "something other than the partition's number was collected",
            next_step="compare with what partitions_of() prints for each partition.",
        )
    return "It names the partitions that each of the three brokers leads."


def _least(attempt: Attempt) -> int:
    """min.insync.replicas of the alerts topic."""
    return int(attempt.kafka.setting(ALERTS, "min.insync.replicas"))


@judge(
    "l06.topic",
    title="A topic that outlives a broker",
    goal="`l06_alerts` has three partitions and survives the loss of any one broker, for readers and for writers.",
    hints=(
        "Count copies: how many are there, and how many must answer, when one of three brokers is away?",
        'make_topic("l06_alerts", partitions=..., replicas=..., in_sync=...)',
        "Three replicas, two of them in sync.",
    ),
)
def topic(attempt: Attempt) -> str:
    partitions = attempt.kafka.topic(ALERTS)
    require(partitions, seen="there is no topic l06_alerts", wanted="one", next_step="make it.")
    copies, least = len(partitions[0].replicas), _least(attempt)
    require(
        copies > 1,
        seen="each partition of l06_alerts has one copy",
        wanted="a copy that is left when a broker is lost",
        likely_cause="the replication factor is 1",
        next_step="how many copies can three brokers hold?",
    )
    require(
        least > 1,
        seen="a record of l06_alerts is acknowledged when a single copy has it",
        wanted="no acknowledged record lost with any one broker",
        likely_cause="min.insync.replicas is 1",
        next_step="how many copies must have it, if any one may burn?",
    )
    require(
        least < copies,
        seen=f"l06_alerts has {copies} copies and needs {least} of them in sync",
        wanted="writers that go on when one broker is away",
        likely_cause="with one away there are too few, and acks=all is refused",
        next_step="leave one copy to spare.",
    )
    require(
        len(partitions) == 3,
        seen=f"l06_alerts has {len(partitions)} partition{'s' * (len(partitions) != 1)}",
        wanted="3",
        likely_cause="make_topic() makes six when it is not told",
        next_step="give the number of partitions.",
    )
    return "3 copies, 2 must have a record: any one broker may go."


def _pid(attempt: Attempt) -> int | None:
    from lab import stack

    return stack.control("kafka2").pid


@judge(
    "l06.night",
    title="Through the night",
    goal="600 numbered records are acknowledged by `l06_night` and are in it, though `kafka2` was killed while they were sent.",
    hints=(
        "A fault is active as long as its with block. What belongs inside it?",
        'with faults.Kill("kafka2"): and inside it send("l06_night", 600, acks=...)',
        'acknowledged, errors = send("l06_night", 600, acks="all")',
    ),
    mark=_pid,
    deadline=60.0,
)
def night(attempt: Attempt, acknowledged: object) -> str:
    count = whole(acknowledged, "acknowledged records")
    numbers = {record.value for record in attempt.kafka.records(NIGHT, at_least=600, within=6)}
    require(
        _pid(attempt) != attempt.mark,
        seen="kafka2 was not killed since you ran the cell",
        wanted="a broker lost while the records are sent",
        likely_cause="the records were sent without the fault",
        next_step="put the sending into the with block of the fault.",
    )
    require(
        len(numbers) >= 600,
        seen=f"{len(numbers)} of 600 records are in l06_night",
        wanted="all 600",
        likely_cause="fewer were sent, another topic was named, or the producer did not wait for acknowledgements",
        next_step="look at count, topic and acks.",
    )
    require(
        count == 600,
        seen=f"600 records are in the topic and acknowledged is {count}",
        wanted="600",
        likely_cause="another number was kept",
        next_step="keep the first of the two results of send().",
    )
    return "600 of 600 acknowledged and in the topic, with a broker lost on the way."


@judge(
    "l06.careful",
    title="Do not lie",
    goal="`careful(producer, topic, value)` returns True for a yes and False for a refusal for want of replicas.",
    hints=(
        "send() only puts the value on its way. What gives you the cluster's answer?",
        "try: producer.send(topic, value=value).get(timeout=30), and an except clause for one kind of error.",
        "except NotEnoughReplicasError: return False, and return True at the end.",
    ),
    deadline=60.0,
)
def careful(attempt: Attempt, function: object) -> str:
    from kafka import KafkaProducer
    from kafka.errors import KafkaTimeoutError, NotEnoughReplicasError

    producer = KafkaProducer(**attempt.where.kafka_python(), acks="all", enable_idempotence=False)
    try:
        said = _said(function, producer, NIGHT, b"l06-careful")
    finally:
        producer.close()
    arrived = attempt.kafka.records(NIGHT, within=5, match=lambda record: record.value == b"l06-careful")
    require(
        arrived,
        seen="careful() returned and its value is not in l06_night",
        wanted="the value in the topic",
        likely_cause="nothing was sent",
        next_step="send the value with the producer that is handed over.",
    )
    require(
        said is True,
        seen=f"careful() returned {said!r} for a value that was acknowledged",
        wanted="True",
        likely_cause="there is no return for the yes",
        next_step="return something at the end.",
    )
    refused = _said(function, _answers(NotEnoughReplicasError()), NIGHT, b"x")
    require(
        refused is False,
        seen=f"careful() returned {refused!r} when the cluster refused for want of replicas",
        wanted="False",
        likely_cause="it did not wait for the answer of the cluster, or took the refusal for a yes",
        next_step="what does send() return, and who raises?",
    )
    with contextlib.suppress(KafkaTimeoutError):
        swallowed = function(_answers(KafkaTimeoutError()), NIGHT, b"x")
        raise NotYet(
            f"careful() returned {swallowed!r} when nobody answered at all",
            "the error, raised",
            "every error is caught, and a time-out says neither yes nor no",
            "catch one kind of error only.",
        )
    return "It tells a yes, a refusal and silence apart."


def _answers(error: Exception) -> object:
    """A producer whose answer is this error."""
    producer = mock.Mock()
    producer.send.return_value.get.side_effect = error
    return producer


def _said(function: object, producer: object, topic: str, value: bytes) -> object:
    return called(
        function,
        producer,
        topic,
        value,
        call="careful()",
        wanted="True or False",
        likely_cause="this error is not caught",
        next_step="which error says that there are not enough replicas?",
    )


@judge(
    "l06.predict",
    title="How much may be lost",
    goal="`writers_go_on` and `records_exist` are the numbers of brokers of three that may be lost.",
    hints=(
        "How many copies must say yes, and how many are left of three?",
        "Writers need two in sync. An acknowledged record may be on two brokers and no more.",
        "Three less two, both times.",
    ),
    services=(),
)
def predict(attempt: Attempt, writers: object, records: object) -> str:
    writing, existing = whole(writers, "brokers"), whole(records, "brokers")
    require(
        writing != 2,
        seen="writers that go on with two brokers lost",
        wanted="the number with which acks=all still says yes",
        likely_cause="one broker is left and two must have each record",
        next_step="count the brokers that are left.",
    )
    require(
        writing == 1,
        seen=f"writers go on with {writing} brokers lost",
        wanted="the number with which acks=all still says yes",
        likely_cause="two in-sync replicas are enough",
        next_step="remember the night: was anything refused?",
    )
    require(
        existing != 2,
        seen="acknowledged records that survive any two lost brokers",
        wanted="the number that is safe whichever brokers are lost",
        likely_cause="a record may be on just these two: two copies were enough for the yes",
        next_step="on how many brokers is a record at least when it is acknowledged?",
    )
    require(
        existing == 1,
        seen=f"acknowledged records survive {existing} lost brokers",
        wanted="the number that is safe whichever brokers are lost",
        likely_cause="at least two brokers have each acknowledged record",
        next_step="if one of them burns, is there another?",
    )
    return "One broker, both times."
