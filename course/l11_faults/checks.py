"""Checks of lesson 11: faults survived, evidence read, sizes worked out."""

import contextlib
from datetime import UTC, datetime, timedelta

import httpx

from lab.checks import Attempt, NotYet, called, judge, number, one_of, require

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GENERATORS = tuple(f"l11-{index}" for index in range(1, 6))


@judge(
    "l11.ledger",
    title="Compare one by one",
    goal="`missing(acknowledged, arrived)` returns how many acknowledged readings did not arrive.",
    hints=(
        "Two totals may be equal though a reading is missing. What has no copies and can be subtracted?",
        "set(acknowledged) and set(arrived).",
        "return len(set(acknowledged) - set(arrived))",
    ),
    services=(),
)
def ledger(attempt: Attempt, function: object) -> str:
    one, two, three = ("l11-1", 10), ("l11-1", 20), ("l11-2", 10)
    cases = (
        ([one, two], [two, one], 0, "everything arrived, in another order", "positions were compared"),
        (
            [one, two, three],
            [one, three],
            1,
            "one of three did not arrive",
            "nothing is compared, or there is no return",
        ),
        (
            [one, two],
            [one, one],
            1,
            "one arrived twice, the other not at all",
            "totals were compared, and a copy is no gain",
        ),
        ([one], [one, two, three], 0, "more arrived than was acknowledged", "what arrived without a yes is no loss"),
        ([], [], 0, "nothing at all", "empty lists lose nothing"),
    )
    for acknowledged, arrived, expected, words, cause in cases:
        found = called(
            function,
            list(acknowledged),
            list(arrived),
            call="missing()",
            wanted="a whole number",
            likely_cause=f"the case: {words}",
            next_step="call it yourself with two short lists.",
        )
        require(
            found == expected and isinstance(found, int),
            seen=f"missing() returned {found!r} when {words}",
            wanted=f"{expected}",
            likely_cause=cause,
            next_step="walk through this case by hand.",
        )
    return "It finds what is missing, whatever the order and the copies."


def _connect_pid(attempt: Attempt) -> int | None:
    from lab import stack

    return stack.control("connect").pid


def _answers(attempt: Attempt) -> bool:
    """Whether Kafka Connect answers; right after it was killed it cannot."""
    from lab.base.errors import LabError

    with contextlib.suppress(LabError, OSError, httpx.HTTPError):
        return bool(attempt.connect.connectors())
    return False


def _keys(attempt: Attempt, acknowledged: object) -> set:
    try:
        return {(reading.generator, reading.time) for reading in acknowledged}
    except (TypeError, AttributeError) as error:
        raise NotYet(
            f"acknowledged is a {type(acknowledged).__name__} that does not hold readings",
            "the second of the two lists that journal_copy() returns",
            "another value was kept",
            "sent, acknowledged = fleet.journal_copy()",
        ) from error


@judge(
    "l11.connect",
    title="Kill the worker",
    goal="The five generators sent at least 200 readings while Kafka Connect was killed, and each acknowledged one is in `kafka_raw`.",
    hints=(
        "Two things must be true in the same three seconds. One with statement can hold both.",
        'with fleet, faults.Kill("connect"): and inside it time.sleep(3); afterwards fleet.journal_copy().',
        "fleet = Fleet(where, PEOPLE, rate=100.0, journal=Journal(limit=None)); sent, acknowledged = fleet.journal_copy()",
    ),
    services=("kafka", "connect", "influxd", "proxy"),
    mark=_connect_pid,
    deadline=90.0,
)
def connect(attempt: Attempt, acknowledged: object) -> str:
    attempt.wait(lambda: _answers(attempt), bool, 40.0, "Waiting for Kafka Connect to come back")
    wanted = _keys(attempt, acknowledged)
    require(
        len(wanted) >= 200,
        seen=f"{len(wanted)} acknowledged readings",
        wanted="at least 200",
        likely_cause="the fleet ran for too short a time, or at a lower rate",
        next_step="let it run for three seconds at 100 readings a second.",
    )
    require(
        {name for name, _ in wanted} == set(GENERATORS),
        seen=f"readings of {', '.join(sorted({name for name, _ in wanted}))}",
        wanted="readings of l11-1 to l11-5",
        likely_cause="the fleet was made with other names",
        next_step="give it the list PEOPLE.",
    )
    require(
        min(time for _, time in wanted) >= attempt.began * 1e6,
        seen="readings that are older than this attempt",
        wanted="readings of this run of the cell",
        likely_cause="they were kept from an earlier cell",
        next_step="make a new fleet in this cell.",
    )
    require(
        _connect_pid(attempt) != attempt.mark,
        seen="Kafka Connect is the same process as before",
        wanted="one that was killed during the run",
        likely_cause="the fleet ran without the fault",
        next_step="put the fault beside the fleet in the with statement.",
    )
    lost = attempt.wait(
        lambda: wanted - _in_raw(attempt), lambda found: not found, 45.0, "Waiting for the sink to catch up"
    )
    require(
        not lost,
        seen=f"{len(lost)} acknowledged readings are not in kafka_raw",
        wanted="all of them",
        likely_cause="the sink has not caught up yet, or does not run",
        next_step="look at the connector in the live view, then check again.",
    )
    return "Connect was killed, and no acknowledged reading is missing."


def _in_raw(attempt: Attempt) -> set:
    steps = '|> filter(fn: (r) => r._field == "fuel" and r.generatorID =~ /^l11-/) |> keep(columns: ["generatorID", "_time"])'
    rows = attempt.influx.points(attempt.names.raw_bucket, steps, at_least=0, within=0)
    return {(row["generatorID"], (row["_time"] - EPOCH) // timedelta(microseconds=1)) for row in rows}


@judge(
    "l11.where",
    title="Where is it?",
    goal="`suspect` is the part to look at first.",
    hints=(
        "Walk along the pipeline: up to which hop is everything there?",
        "All 5,000 are in Kafka. What reads from there, and what does its lag tell?",
        "The lag is as large as what is missing, and it does not move: the part that reads is not reading.",
    ),
    services=(),
)
def where_is_it(attempt: Attempt, answer: object) -> str:
    suspect = one_of(answer, "the part", ("fleet", "proxy", "kafka", "sink", "influxdb", "task"))
    require(
        suspect not in ("fleet", "proxy", "kafka"),
        seen=f"you look at {suspect}",
        wanted="the first hop where readings are missing",
        likely_cause="all 5,000 acknowledged readings are in Kafka, so everything up to there kept its promise",
        next_step="go on to the next hop.",
    )
    require(
        suspect != "task",
        seen="you look at task",
        wanted="the first hop where readings are missing",
        likely_cause="the task reads kafka_raw, and they are missing there already",
        next_step="go back one hop.",
    )
    require(
        suspect != "influxdb",
        seen="you look at influxdb",
        wanted="the part whose own figure shows the trouble",
        likely_cause="InfluxDB lost nothing that it was given: 70 are still waiting, as the lag says",
        next_step="whose lag is it?",
    )
    return "The sink: 70 are missing, 70 are waiting, and it does not read."


@judge(
    "l11.size",
    title="A million generators",
    goal="`per_second` and `terabytes_per_broker` for 1,000,000 generators.",
    hints=(
        "Readings per second first; then bytes per second, then a week of them, then copies and brokers.",
        "per_second * 200 bytes * 3 copies * 7 days * 86,400 seconds / 12 brokers / 10^12.",
        "1,000,000 / 5 is 200,000 readings a second.",
    ),
    services=(),
)
def size(attempt: Attempt, per_second: object, terabytes: object) -> str:
    rate, stored = number(per_second, "readings per second"), number(terabytes, "terabytes")
    require(
        rate == 200_000,
        seen=f"{rate:,.0f} readings per second",
        wanted="what a million generators send, one reading every 5 seconds each",
        likely_cause="it was multiplied by 5" if rate == 5_000_000 else "an input is missing",
        next_step="how many of the million send in one second?",
    )
    exact = 200_000 * 200 * 3 * 7 * 86_400 / 12 / 1e12
    slips = (
        (exact / 3, 0.1, "the log with all its copies", "each record is stored three times", "count the copies."),
        (exact * 12, 1.0, "the share of one broker", "this is the log of all twelve", "share it out."),
        (exact / 7, 0.1, "a week of readings", "this is one day", "how long are they kept?"),
    )
    for slip, near, wanted, likely_cause, next_step in slips:
        require(abs(stored - slip) >= near, f"{stored:.2f} TB per broker", wanted, likely_cause, next_step)
    require(
        abs(stored - exact) < 0.1,
        seen=f"{stored:.2f} TB per broker",
        wanted="readings, bytes, copies, days and brokers multiplied out",
        likely_cause="a factor is missing or there twice",
        next_step="write the product with its units and cancel them.",
    )
    return "200,000 readings a second, 6.0 TB on each broker."


@judge(
    "l11.production",
    title="Settings that keep the promise",
    goal="`settings` lets an acknowledged reading survive the loss of any one place while writers go on.",
    hints=(
        "You found three of them in the lesson on replicas. The fourth: may somebody lead who has not got everything?",
        "3 copies in three places; how many must have a reading, and which acks waits for them?",
        'replication.factor 3, min.insync.replicas 2, acks "all", unclean.leader.election.enable False.',
    ),
    services=(),
)
def production(attempt: Attempt, settings: object) -> str:
    require(
        isinstance(settings, dict),
        seen=f"settings is a {type(settings).__name__}",
        wanted="the dictionary of the cell",
        next_step="fill in its four values.",
    )
    if all(value is None for value in settings.values()):
        raise NotYet("no value is set", "four values", "the dictionary is as it was", "begin with the copies.")
    require(
        str(settings.get("acks")) in ("all", "-1"),
        seen=f"acks is {settings.get('acks')!r}",
        wanted="an acknowledgement that is worth something when the leader is lost",
        likely_cause="the leader alone says yes",
        next_step="which setting waits for the in-sync replicas?",
    )
    copies, least = settings.get("replication.factor"), settings.get("min.insync.replicas")
    require(
        copies == 3,
        seen=f"{copies!r} copies",
        wanted="one in each of the three places",
        likely_cause="there are three places",
        next_step="how many copies can there be?",
    )
    require(
        least == 2,
        seen=f"min.insync.replicas is {least!r}",
        wanted="enough to survive one loss, and one to spare",
        likely_cause="with 3 no writer goes on when one place is away"
        if least == 3
        else "with one copy a yes may be lost with its place",
        next_step="think of the night with one broker killed.",
    )
    require(
        settings.get("unclean.leader.election.enable") is False,
        seen=f"unclean.leader.election.enable is {settings.get('unclean.leader.election.enable')!r}",
        wanted="no leader that lacks acknowledged records",
        likely_cause="a replica that has fallen behind could lead, and what it lacks would be gone",
        next_step="may it be elected, True or False?",
    )
    return "Three copies, two for a yes, and no leader that lacks any."
