"""Checks of lesson 07: connectors as Connect has them, the points they wrote, the letters they put aside."""

from typing import Any

from lab.checks import Attempt, NotYet, judge, require, whole

SERVICES = ("kafka", "connect", "influxd")
DAY = "range(start: 2025-06-01T00:00:00Z, stop: 2025-06-02T00:00:00Z)"
STATUS_TOPIC = "connect-status"


def _loads(attempt: Attempt, bucket: str, span: str = DAY) -> list[dict[str, Any]]:
    """One row per point of a bucket: every point has the field load."""
    return attempt.influx.rows(f'from(bucket: "{bucket}") |> {span} |> filter(fn: (r) => r._field == "load")')


@judge(
    "l07.validate",
    title="Fix the configuration",
    goal="`fixed` is a configuration that Connect has nothing against, for the bucket `l07_raw` and times in microseconds.",
    hints=(
        "Print what validate says, fix that, and ask again: a second complaint appears after the first is fixed.",
        'draft | {"write.precision": ..., "influxdb.bucket": ...} is a copy with two other values.',
        "The precision is one of Seconds, Milliseconds, Microseconds, Nanoseconds; the bucket is named in the text.",
    ),
    services=SERVICES,
)
def validate(attempt: Attempt, answer: object) -> str:
    from lab.connect.client import Connect
    from lab.base.errors import LearnerError

    if not isinstance(answer, dict):
        raise NotYet(
            f"fixed is of type {type(answer).__name__}", "a dictionary: the configuration, not the validation"
        )
    config = {str(key): str(value) for key, value in answer.items()}
    try:
        with Connect(attempt.where.connect_url) as client:
            problems = client.validate(config).problems
    except LearnerError as error:
        raise NotYet(error.cause, "a configuration of the sink", next_step=error.remedy) from error
    require(
        not problems,
        seen=f"Connect complains about {', '.join(sorted({problem.property for problem in problems}))}",
        wanted="no complaint",
        likely_cause=problems[0].message if problems else "",
        next_step="print(connect.validate(fixed)) shows every complaint in words.",
    )
    unit = config.get("write.precision", "Milliseconds")
    require(
        unit == "Microseconds",
        seen=f"Connect accepts it, and takes the times for {unit.lower()}",
        wanted="the unit of the readings' time",
        likely_cause="a validation cannot know what unit your devices use",
        next_step="look at NOON above: which unit is it in?",
    )
    bucket = config.get("influxdb.bucket")
    require(
        bucket == "l07_raw",
        seen=f"Connect accepts it, and would write to {bucket}",
        wanted="the bucket l07_raw",
        likely_cause="that bucket exists, too",
    )
    return "Connect has nothing against it: the bucket is there, and the unit is that of the readings."


@judge(
    "l07.points",
    title="How many are left?",
    goal="`points` is the number of points in `l07_plain`.",
    hints=(
        "Two readings with the same measurement, the same tags and the same time are one point.",
        "There are no tags at all here, and one measurement. How many different times are there?",
        'count("l07_plain") counts them. Why is it that number?',
    ),
    services=SERVICES,
)
def points(attempt: Attempt, answer: object) -> str:
    given = whole(answer, "points")
    span = "range(start: 2025-06-01T12:00:00Z, stop: 2025-06-01T12:00:10Z)"
    real = len(attempt.wait(lambda: _loads(attempt, "l07_plain", span), lambda found: len(found) >= 10, 10, "Counting"))
    causes = {
        30: "without a tag, readings of the same instant are the same point",
        3: "generators are told apart by a tag, and there is none",
        1: "the times differ",
    }
    require(
        given == real,
        seen=f"you say {given}; InfluxDB has another number",
        wanted="the number of points in l07_plain",
        likely_cause=causes.get(given, "points are told apart by measurement, tags and time"),
        next_step="count the different times among the thirty readings.",
    )
    return f"{real} points of 30 readings: one per instant, whichever was written last."


@judge(
    "l07.create",
    title="Create the sink",
    goal="`l07-sink` runs, and the 30 readings are 30 points in `l07_raw`: tag `generatorID`, the device's time.",
    hints=(
        "Take BASE and add topic, bucket, unit and tag; the configuration of l07-plain lacks only one line.",
        'BASE | {"topics": ..., "influxdb.bucket": ..., "write.precision": ..., "tag.fields": ...}',
        'connect.create_or_update("l07-sink", BASE | {..., "tag.fields": "generatorID"})',
    ),
    services=SERVICES,
    deadline=60.0,
)
def create(attempt: Attempt) -> str:
    def look() -> tuple[Any, list[dict[str, Any]]]:
        return attempt.connect.connectors().get("l07-sink"), _loads(attempt, "l07_raw")

    def good(seen: tuple[Any, list[dict[str, Any]]]) -> bool:
        return seen[0] is not None and (bool(seen[0].trace) or len(seen[1]) >= 30)

    found, rows = attempt.wait(look, good, 15, "Waiting for points")
    wanted = "the connector l07-sink, running"
    if found is None:
        raise NotYet("there is no connector l07-sink", wanted, "it was not created, or has another name")
    require(
        found.running,
        seen=found.shown,
        wanted=wanted,
        likely_cause="without event.time.fieldname the time is a field like any other, and InfluxDB refuses one called time"
        if "event.time.fieldname" not in found.config
        else "the times are read in another unit than they are written in, or a property does not fit the records",
        next_step='print(connect.status("l07-sink").cause) gives the cause in one line.',
    )
    tagged = {row["generatorID"] for row in rows if "generatorID" in row}
    if rows and not tagged:
        raise NotYet(
            f"{len(rows)} points without the tag generatorID",
            "30 points, each with its generator as a tag",
            "generatorID became an ordinary field",
            "tell the sink which fields are tags, and run the cell again.",
        )
    if not rows:
        _elsewhere(attempt)
    require(
        len(rows) == 30 and len(tagged) == 3,
        seen=f"{len(rows)} points of {len(tagged)} generators",
        wanted="30 points of 3 generators, at the device's times",
    )
    return "l07-sink is running: 30 readings, 30 points, 3 generators."


def _elsewhere(attempt: Attempt) -> None:
    """No point of that day: say where they went."""
    span = "range(start: 1970-01-01T00:00:00Z, stop: 2200-01-01T00:00:00Z)"
    found = _loads(attempt, "l07_raw", span)
    years = sorted({row["_time"].year for row in found})
    raise NotYet(
        f"points of the year {', '.join(map(str, years))}" if found else "no points in l07_raw",
        "30 points of June 2025",
        "the time is not the device's, or it is read in another unit" if found else "another topic or another bucket",
        "compare event.time.fieldname and write.precision with a reading."
        if found
        else "compare the configuration with the text, line by line.",
    )


@judge(
    "l07.letters",
    title="Put the poison aside",
    goal="`l07-strict` runs, the poison record is in `l07_letters` with its reason, and the reading behind it has arrived.",
    hints=(
        "Three more properties; the table above names them.",
        'strict | {"errors.tolerance": ..., "errors.deadletterqueue.topic.name": ..., ...}, then create_or_update.',
        "Values are text: the headers are enabled with the text true. Keep the connector's name: l07-strict.",
    ),
    services=SERVICES,
    deadline=60.0,
)
def letters(attempt: Attempt) -> str:
    found = attempt.connect.connector("l07-strict", good=lambda c: c and c.running, within=15)
    if found is None:
        raise NotYet("there is no connector l07-strict", "the connector l07-strict, changed", "it was deleted")
    config = found.config
    require(
        config.get("errors.tolerance") == "all",
        seen=f"l07-strict is still strict: errors.tolerance is {config.get('errors.tolerance', 'none')}",
        wanted="a connector that puts bad records aside",
        likely_cause="the configuration was not sent to Connect, or lacks the first property of the table",
        next_step='print(connect.config("l07-strict")) without the token, and compare.',
    )
    records = attempt.kafka.records("l07_letters", within=10)
    if not records:
        raise NotYet(
            "no letter reached l07_letters",
            "the poison record in l07_letters",
            "bad records are tolerated, and dropped: no topic is named for them"
            if "errors.deadletterqueue.topic.name" not in config
            else "another topic is named, or the task has not come so far",
            "name the topic, then send the poison again: run the cells from the poison on." if found.running else "",
        )
    require(
        "__connect.errors.exception.message" in records[-1].headers,
        seen="a letter without a reason",
        wanted="a letter whose headers say what was wrong",
        likely_cause="the context headers are not enabled",
        next_step="enable them, and run the cells from the poison record on.",
    )
    good = attempt.wait(
        lambda: [row for row in _loads(attempt, "l07_strict") if row.get("generatorID") == "generator3"],
        bool,
        8,
        "Waiting for the reading behind the poison",
    )
    require(good, seen="the reading behind the poison is not in l07_strict", wanted="the reading of generator3")
    return "The poison is in l07_letters with its reason, and the reading behind it has arrived."


def _unrepaired(attempt: Attempt) -> None:
    """The point to repair is absent when an attempt begins."""
    from datetime import UTC, datetime

    from lab.influx.api import Influx

    instant = datetime(2025, 6, 1, 12, 0, 2, tzinfo=UTC)
    with Influx(attempt.where) as influx:
        influx.delete("l07_strict", instant, instant)


@judge(
    "l07.repair",
    title="Answer the letter",
    goal="The refused reading of `generator2`, with 1,000 litres, is a point in `l07_strict` at its own time.",
    hints=(
        "letters()[-1] is a pair: the record as a dictionary, and the reason as text.",
        'letter | {"fuel": ...} is a copy with another fuel; send(topic, [record]) takes a list.',
        'send("l07_poisoned", [letter | {"fuel": ...}])  with 1,000 litres as a float.',
    ),
    services=SERVICES,
    mark=_unrepaired,
    deadline=60.0,
)
def repair(attempt: Attempt) -> str:
    sent = attempt.kafka.records("l07_poisoned", within=2)
    require(
        sent,
        seen="nothing was sent to l07_poisoned since you ran the cell",
        wanted="the corrected record",
        likely_cause="another topic, or a list without records",
        next_step="send it to the topic that the connector reads.",
    )

    def repaired() -> list[dict[str, Any]]:
        span = "range(start: 2025-06-01T12:00:02Z, stop: 2025-06-01T12:00:03Z)"
        return attempt.influx.rows(f'from(bucket: "l07_strict") |> {span} |> filter(fn: (r) => r._field == "fuel")')

    def look() -> tuple[list[dict[str, Any]], list[Any]]:
        texts = {record.value for record in sent}
        return repaired(), attempt.kafka.records("l07_letters", within=0, match=lambda letter: letter.value in texts)

    rows, refused = attempt.wait(look, lambda seen: seen[0] or seen[1], 10, "Waiting for the point")
    wanted = "the point of generator2 at 12:00:02 with 1000.0 litres"
    if not rows and refused:
        value = sent[-1].fields.get("fuel", sent[-1].value)
        raise NotYet(
            f"InfluxDB refused it again, with fuel {value!r}; there is a new letter",
            wanted,
            "1000 is a whole number, and the field is a float" if value == 1000 else "the field is still no number",
            "read the reason of the newest letter.",
        )
    require(
        rows,
        seen="the record was sent, and no point is at its time",
        wanted=wanted,
        likely_cause="the time was changed, or the connector l07-strict is not running",
        next_step="change only the field that was wrong, and look at the connector's status.",
    )
    require(
        rows[0]["_value"] == 1000.0 and rows[0].get("generatorID") == "generator2",
        seen=f"{rows[0].get('generatorID')} with {rows[0]['_value']} litres",
        wanted=wanted,
    )
    return "The reading of generator2 is in: 1000.0 litres, at its own time."


@judge(
    "l07.lag",
    title="Pause and resume",
    goal="While `l07-plain` was paused, 20 readings were sent and `behind` was the lag; now it runs and the lag is 0.",
    hints=(
        "Five steps: pause, wait until it is paused, send, measure, resume.",
        'connect.pause(name), wait_for(lambda: state(name) == "PAUSED"), send(...), lag(name), connect.resume(name)',
        'behind = lag("l07-plain")  belongs between send("l07_readings", more) and the resume.',
    ),
    services=SERVICES,
    deadline=60.0,
)
def lag(attempt: Attempt, answer: object) -> str:
    given = whole(answer, "behind")
    sent = attempt.kafka.count("l07_readings")
    paused = attempt.kafka.records(
        STATUS_TOPIC,
        within=2,
        match=lambda record: "l07-plain" in str(record.key) and b"PAUSED" in (record.value or b""),
    )
    require(
        paused,
        seen="l07-plain was not paused since you ran the cell",
        wanted="a pause while the readings are sent",
        likely_cause="it was never asked to, or was resumed before it had noticed",
        next_step="wait until its state is PAUSED before you go on.",
    )
    require(sent == 20, seen=f"{sent} readings were sent to l07_readings", wanted="the 20 readings in more, once")
    require(
        given == sent,
        seen=f"you measured {given}; {sent} readings were sent during the pause",
        wanted="the lag before the connector resumes",
        likely_cause="it was measured before the readings were sent" if given == 0 else "the lag was not 0 to begin with",
        next_step="measure between sending and resuming.",
    )
    found = attempt.connect.connector("l07-plain", good=lambda c: c and c.running, within=5)
    require(
        found is not None and found.running,
        seen=f"l07-plain is {found.state if found else 'gone'}",
        wanted="a connector that runs again",
        likely_cause="a pause lasts until somebody ends it",
        next_step="resume it.",
    )
    left = attempt.wait(lambda: _group_lag(attempt), lambda behind: behind == 0, 12, "Waiting until it has caught up")
    require(left == 0, seen=f"it is still {left} records behind", wanted="a lag of 0")
    return "20 behind while it was paused, 0 after it resumed: nothing was lost."


def _group_lag(attempt: Attempt) -> int:
    group = attempt.kafka.group("connect-l07-plain")
    return group.total_lag if group else -1
