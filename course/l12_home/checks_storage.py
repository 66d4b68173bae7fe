"""Checks of sink and task: what InfluxDB made of the readings in Kafka."""

import time

from lab.checks import Attempt, judge, require
from lab.checks.device_probe import DeviceProbe, described, span, year
from lab.fleet.description import PREFIX, Description

EVERY_US, LOOKBACK_US = 10_000_000, 60_000_000
STORED = ("kafka", "connect", "influxd")


def _before_sink(attempt: Attempt) -> None:
    from lab.provision import clean

    clean.connectors(attempt.where, PREFIX)
    clean.influx(attempt.where, PREFIX)
    clean.records(attempt.where, PREFIX, ("_alarms", "_orders"))


@judge(
    "l12.sink",
    title="The sink",
    goal="Every reading of the sample is a point in the raw bucket, with tag, time and types as described; what is no reading is a letter with its reason.",
    hints=(
        "Eight things to decide; the table has one line for each. Most values are in device and names already.",
        '",".join(f"{field}:{kind}" for field, kind in device["fields"].items()) is the text of field.types.',
        'sink = CONNECTION | {"connector.class": "InfluxDB2Sink", "topics": names["readings"], ...}; put(names["sink"], sink)',
    ),
    services=STORED,
    mark=_before_sink,
    deadline=90.0,
)
def sink(attempt: Attempt, declared: object) -> str:
    about, probe = described(attempt, declared)
    records = [record for record in probe.records("readings", since_attempt=False) if record.value]
    readings = probe.readings(records)
    require(
        readings,
        seen=f"no reading is in {about.named('readings')}",
        wanted="the readings of the sample, for the sink to take",
        likely_cause="the cell of the rules has not run, or the topic was made again after it",
        next_step="run the exercise's cell of the rules again.",
    )
    found = attempt.connect.connector(
        about.named("sink"), good=lambda c: c and (c.running or "FAILED" in c.tasks), within=15
    )
    require(
        found,
        seen=f"Connect has no connector {about.named('sink')}",
        wanted="the sink, running",
        likely_cause="Connect refused the configuration, or it has another name",
        next_step="read what the cell printed: Connect names the property.",
    )

    def look() -> tuple[dict, bool]:
        group = attempt.kafka.group(f"connect-{about.named('sink')}")
        return probe.points("raw"), "FAILED" in attempt.connect.connectors()[about.named("sink")].tasks or bool(
            group and group.committed and not group.total_lag
        )

    points, _ = attempt.wait(
        look, lambda seen: readings.keys() <= seen[0].keys() or seen[1], 12, "Waiting for the points"
    )
    found = attempt.connect.connector(about.named("sink")) or found
    require(
        "FAILED" not in found.tasks,
        seen=f"{found.shown}: {found.trace.partition(': ')[2] or found.trace}",
        wanted="a sink that puts aside what is no reading, and goes on",
        likely_cause="one bad record stops a sink that tolerates none",
        next_step="errors.tolerance.",
    )
    _points_are_right(about, points, readings)
    missing = readings.keys() - points.keys()
    require(
        not missing,
        seen=f"{len(missing)} of {len(readings)} readings are no points in {about.named('raw')}",
        wanted="every reading",
        likely_cause="the sink refused them: the letters have the reason in their headers",
        next_step="do the types of field.types and the description agree?",
    )
    bad = [record.value for record in records if record.value and not probe.readings([record])]
    _letters(about, probe, bad)
    aside = f" Messages that are none, each a letter with its reason: {len(set(bad))}." if bad else ""
    return f"{len(readings)} readings are points with their tags, times and types.{aside}"


def _points_are_right(about: Description, points: dict, readings: dict) -> None:
    wanted = f"points with the tag {about.id} at the devices' times"
    require(
        points,
        seen=f"no point is in {about.named('raw')}",
        wanted=wanted,
        likely_cause="the sink reads another topic, writes to another bucket, or failed at its first record",
        next_step=f"GET {'{CONNECT}'}/connectors/{about.named('sink')}/status shows state and trace.",
    )
    for name, kind in about.fields.items():
        others = {_type(values[name]) for values in points.values() if name in values} - {kind}
        require(
            not others,
            seen=f"in InfluxDB {name} is {' and '.join(sorted(others))}",
            wanted=f"{name} as {kind}, as you described it",
            likely_cause="the type of the first value that came stays for every other",
            next_step="say in the sink's configuration which type the field has.",
        )
    untagged = [key for key in points if not key[0]]
    require(
        not untagged,
        seen=f"{len(untagged)} points have no tag {about.id}",
        wanted=wanted,
        likely_cause="nothing says which header or field is the tag: points of two devices at one time are the same point",
        next_step="tag.headers names the header that your rule made.",
    )
    require(
        len(readings.keys() & points.keys()) > len(points.keys() - readings.keys()),
        seen=f"most points are at other times than the readings, the newest of the year {year(max(at for _, at in points))}",
        wanted=wanted,
        likely_cause="the sink reads the time in another unit, or takes the time of the Kafka record",
        next_step="compare event.time.fieldname and write.precision with the description.",
    )
    for key, values in points.items():
        require(
            key in readings,
            seen=f"a point of {key[0]} at a time at which there is no good reading of it",
            wanted="a letter for each message that is no reading, and no point",
            likely_cause="the converter took the first of two readings in one message, or a text was taken for a number",
            next_step="which converter refuses what is more than one JSON object?",
        )
        differing = [name for name, value in readings[key].values.items() if values.get(name) != value]
        require(
            not differing,
            seen=f"{differing[0] if differing else ''} of {key[0]} is {values.get(differing[0]) if differing else ''} in InfluxDB",
            wanted="every field with the value that was sent",
            likely_cause="a field is excluded, or a number lost digits on its way",
            next_step="compare one reading in Kafka with its point.",
        )


def _type(value: object) -> str:
    return {bool: "boolean", int: "integer", float: "float", str: "string"}[type(value)]


def _letters(about: Description, probe: DeviceProbe, bad: list[bytes]) -> None:
    letters = probe.records("letters")
    without = set(bad) - {letter.value for letter in letters}
    require(
        not without,
        seen=f"{len(without)} of {len(set(bad))} messages that are no readings are not in {about.named('letters')}",
        wanted="each of them, to be read by somebody",
        likely_cause="bad records are tolerated and dropped, or go to another topic",
        next_step="errors.deadletterqueue.topic.name.",
    )
    silent = [letter for letter in letters if "__connect.errors.exception.message" not in letter.headers]
    require(
        not silent,
        seen="letters without a reason",
        wanted="letters whose headers say what was wrong",
        likely_cause="the context headers are not enabled",
        next_step="errors.deadletterqueue.context.headers.enable.",
    )


# Exercise 5: the task


def _before_task(attempt: Attempt) -> None:
    from lab.provision import clean

    clean.connectors(attempt.where, PREFIX, "_source")
    clean.influx(attempt.where, PREFIX, ("_rows",))
    clean.records(attempt.where, PREFIX, ("_alarms", "_orders"))


@judge(
    "l12.task",
    title="The task",
    goal="One run of the task writes, for each slot of ten seconds of the last minute, the last value of the alarm's field per device, with `alarm` and its tag.",
    hints=(
        "Six steps: from, range, filter, window, last, map, and to at the end. Lessons 08 and 09 have each of them.",
        "range(start: -60s) and window(every: 10s) before last(); a row needs r._value in map, and fieldFn: (r) => ({alarm: r.alarm, FIELD: r._value}).",
        'option task = {name: "l12_NAME_rows", every: 10s, offset: 2s} is the first line; tagColumns: ["LEVEL"] keeps the device.',
    ),
    services=("influxd",),
    mark=_before_task,
    deadline=90.0,
)
def task(attempt: Attempt, declared: object) -> str:
    about, probe = described(attempt, declared)
    name = about.named("rows")
    found = attempt.wait(lambda: attempt.influx.task(name), bool, 3, "Waiting for the task")
    require(
        found,
        seen=f"InfluxDB has no task {name}",
        wanted="the task, active, every 10 s",
        likely_cause="it was not created, or its option line has another name",
        next_step="print the Flux and read its first line.",
    )
    require(
        found.active and found.every == "10s",
        seen=f"the task is {'active' if found.active else 'switched off'}, every {found.every or '?'}",
        wanted="an active task, every 10 s",
        likely_cause='status is "inactive" unless it is said, and m is minutes',
        next_step="look at the option line and at the TaskCreateRequest.",
    )
    until = _closed(attempt, about, probe)
    done, said = _run(attempt, name, until)
    require(
        done == "success",
        seen=f"a run of the task ended as {done}: {said}",
        wanted="a run that succeeds",
        likely_cause="a name in the script does not exist, or two types do not fit",
        next_step="run the query without to() in a %%flux cell.",
    )
    window = span(until - LOOKBACK_US, until)
    expected = probe.expected_rows(probe.points("raw", window), EVERY_US, until - LOOKBACK_US, until)
    _rows_are_right(about, probe, expected, window)
    return "One run writes a row per device and slot of the last minute, each at its own time and with the right alarm."


def _closed(attempt: Attempt, about: Description, probe: DeviceProbe) -> int:
    """The end of the newest slot with readings that has closed, in microseconds."""
    times = [at for _, at in probe.points("raw")]
    require(
        times,
        seen=f"no point is in {about.named('raw')}",
        wanted="points for the task to read",
        likely_cause="the sink does not run, or the proxy has stopped",
        next_step="run the cell of the sink again, and look at its check.",
    )
    now = time.time_ns() // 1000
    return min(now // EVERY_US, max(times) // EVERY_US + 1) * EVERY_US


def _run(attempt: Attempt, name: str, until: int) -> tuple[str, str]:
    """Run the task as if it were that time; how it ended and the last line of its log."""
    from datetime import UTC, datetime

    from lab.influx import tasks
    from lab.influx.api import Influx

    with Influx(attempt.where) as influx:
        made = tasks.require(influx, name)
        done = tasks.wait(influx, tasks.run_for(influx, made, datetime.fromtimestamp(until // 1_000_000, UTC)), 20)
        log = tasks.logs(influx, made, done)
        return done.status, log[-1].partition(" ")[2] if log else ""


def _rows_are_right(about: Description, probe: DeviceProbe, expected: dict, window: str) -> None:
    field = about.alarm[0]
    rows = probe.points("rows", window)
    require(
        rows,
        seen=f"a run of the task wrote nothing to {about.named('rows')} for the minute of your readings",
        wanted=f"{len(expected)} rows",
        likely_cause="another bucket, another field in the filter, or a range that misses the minute",
        next_step="run the query without to() in a %%flux cell.",
    )
    require(
        all(device for device, _ in rows),
        seen=f"rows without the tag {about.id}",
        wanted=f"rows with the tag {about.id}",
        likely_cause="to() keeps only the tags that tagColumns names, or group() took it away",
        next_step="tagColumns.",
    )
    raw = probe.points("raw", window)
    moved = rows.keys() - raw.keys()
    require(
        not moved,
        seen="rows at times at which their device has no reading",
        wanted="each row at its reading's own time",
        likely_cause="a row took the time of its slot, as aggregateWindow gives it",
        next_step="window() leaves each row its time.",
    )
    lacking = expected.keys() - rows.keys()
    slots = {at // EVERY_US for _, at in rows}
    require(
        not lacking,
        seen=f"{len(lacking)} of {len(expected)} rows are missing after one run; there are rows of {len(slots)} slots",
        wanted="the last reading of each device in each slot of the last minute, late ones included",
        likely_cause="the range is shorter than a minute, or all slots are one table when last() comes"
        if len(slots) < len({at // EVERY_US for _, at in expected})
        else "another reading of the slot was taken than its last, or a device is left out",
        next_step="count the rows of one device.",
    )
    require(
        rows.keys() == expected.keys(),
        seen=f"{len(rows)} rows where {len(expected)} were wanted",
        wanted="one row per device and slot",
        likely_cause="every reading was written, and not the last of each slot",
        next_step="what takes the last of each table?",
    )
    wrong = [key for key, alarm in expected.items() if rows[key].get("alarm") != alarm]
    require(
        not wrong,
        seen=f"a row with {field} = {raw[wrong[0]].get(field)} has alarm {rows[wrong[0]].get('alarm')!r}"
        if wrong
        else "",
        wanted='"alarm" when the condition of your description holds, else "ok"',
        likely_cause="the condition or the words in map() are others than described",
        next_step="compare the Flux with the triple of the description.",
    )
    require(
        all(rows[key].get(field) == raw[key][field] for key in expected),
        seen=f"rows without the value of {field}, or with another",
        wanted="the alarm and the value that led to it",
        likely_cause="fieldFn writes only what it names",
        next_step="name both in fieldFn.",
    )
