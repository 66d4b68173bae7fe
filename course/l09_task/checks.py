"""Checks of lesson 09: tasks, their runs and what they wrote, as InfluxDB has them."""

from datetime import UTC, datetime, timedelta

from lab.checks import Attempt, NotYet, judge, require, text, whole
from lab.influx import tasks
from lab.influx.api import Influx

DAY = datetime(2025, 6, 1, tzinfo=UTC)
SPAN = "range(start: 2025-06-01T00:00:00Z, stop: 2025-06-02T00:00:00Z)"
HOURS = range(1, 13)


def _times(attempt: Attempt, bucket: str, generator: str) -> list[str]:
    """The times of a generator's rows on that day, as HH:MM in order."""
    rows = attempt.influx.rows(
        f'from(bucket: "{bucket}") |> {SPAN} |> filter(fn: (r) => r.generatorID == "{generator}")'
    )
    return sorted({row["_time"].strftime("%H:%M") for row in rows})


def _run_for(attempt: Attempt, name: str, hour: int) -> tuple[str, str]:
    """Run the task for an hour of the day; its status and the last line of its log."""
    with Influx(attempt.where) as influx:
        task = tasks.require(influx, name)
        done = tasks.wait(influx, tasks.run_for(influx, task, DAY + timedelta(hours=hour)), deadline_s=15)
        return done.status, tasks.logs(influx, task, done)[-1].partition(" ")[2]


def _hours_run(runs: list[tasks.Run]) -> list[int]:
    """The hours of the day that these runs were scheduled for; runs of other days are left out."""
    found = (datetime.fromisoformat(run.scheduled_for.rstrip("Z")).replace(tzinfo=UTC) for run in runs)
    return sorted({int((moment - DAY).total_seconds() // 3600) for moment in found if moment.date() == DAY.date()})


def _clock(hours: list[int]) -> str:
    return ", ".join(f"{hour:02d}:00" for hour in hours)


@judge(
    "l09.create",
    title="A query with a clock",
    goal="The task `l09_first` is scheduled for every 5 s with an offset of 1 s, and one run by its own schedule succeeded.",
    hints=(
        "The option is one line of Flux in front of the query: both are text, and texts are joined with +.",
        "tasks.ensure(influx, name, script) takes the whole script; the name is in it once more.",
        "option = 'option task = {name: \"l09_first\", every: ..., offset: ...}', then tasks.ensure(influx, ..., option + QUERY)",
    ),
    deadline=60.0,
)
def create(attempt: Attempt) -> str:
    task = attempt.influx.task("l09_first")
    wanted = "the task l09_first, active, every 5 s, offset 1 s"
    if task is None:
        raise NotYet(
            "InfluxDB has no task l09_first",
            wanted,
            "it was not made, or its option line has another name",
            "print the script, and look at its name.",
        )
    require(
        task.every == "5s",
        seen=f"the task is scheduled for every {task.every or 'unknown time'}",
        wanted=wanted,
        likely_cause="m is minutes, s is seconds, h is hours",
        next_step="change every in the option line and run the cell again.",
    )
    require(
        task.offset == "1s",
        seen=f"the task's offset is {task.offset or 'not set'}",
        wanted=wanted,
        likely_cause="without an offset a run starts at the very moment its span ends",
        next_step="add offset to the option line.",
    )
    require(
        task.active,
        seen="the task is switched off",
        wanted=wanted,
        likely_cause="an inactive task keeps its runs and gets no new ones",
        next_step="tasks.ensure makes it active.",
    )
    done = attempt.influx.runs("l09_first", within=10)
    require(
        done,
        seen="no run has finished since you ran the cell",
        wanted="a run by its own schedule",
        likely_cause="a new task waits for its first scheduled time",
        next_step="wait a few seconds and check again.",
    )
    good = [run for run in done if run.status == "success"]
    require(
        good,
        seen=f"its runs end as {done[0].status}: {attempt.influx.logs('l09_first')[-1].partition(' ')[2]}",
        wanted="a run that succeeds",
        likely_cause="the schedule is right, the query is not",
        next_step="use the given QUERY as it is.",
    )
    return "l09_first runs every 5 s automatically, and its run succeeded."


@judge(
    "l09.now",
    title="Which readings does a run see?",
    goal="`newest` is the time of the newest reading that the run for 03:00 sees, as text `HH:MM`.",
    hints=(
        "Not the time at which it starts counts, but the time it is scheduled for.",
        "range(start: -task.every) ends at now(), and stop itself is not part of a range. There is a reading every ten minutes.",
        'It is the last reading before 03:00: newest = "02:..."',
    ),
    deadline=60.0,
)
def now(attempt: Attempt, answer: object) -> str:
    given = text(answer, "newest").zfill(5)
    _run_for(attempt, "l09_hourly", 3)
    real = _times(attempt, "l09_downsampled", "generator1")[-1]
    causes = {
        "03:00": "the end of a range is not part of it, and the offset adds nothing to it",
        "03:05": "that is when the run starts; now() is not the time of the clock, and no reading is of 03:05",
        "02:55": "there is a reading every ten minutes only",
        "01:50": "that is what the run for 02:00 saw",
    }
    require(
        given == real,
        seen=f"you say {given}; this check ran the task for 03:00, and its newest row has another time",
        wanted="the time of the newest reading in the hour before 03:00",
        likely_cause=causes.get(given, "the range is the hour before the scheduled time"),
        next_step="write down start and stop of the range of the run for 03:00.",
    )
    return f"{real}: the run was for 03:00, started when we liked, and saw the hour before 03:00."


def _no_counts(attempt: Attempt) -> None:
    """No counts of an earlier attempt remain."""
    with Influx(attempt.where) as influx:
        influx.delete("l09_reads", DAY, DAY + timedelta(days=1))


@judge(
    "l09.since",
    title="What lastSuccess gives",
    goal="`l09_since` ran for 01:00, 02:00 and 03:00 in this order, and `third` is how many readings the third run read.",
    hints=(
        "Your own function run(task, hour) of the cell above runs and waits; a loop of three does it.",
        "for hour in (1, 2, 3): run(since, hour), and then read_counts() gives three numbers.",
        "third = read_counts()[...]  after the loop; the first number has index 0.",
    ),
    mark=_no_counts,
    deadline=60.0,
)
def since(attempt: Attempt, answer: object) -> str:
    given = whole(answer, "third")
    runs = [run for run in attempt.influx.runs("l09_since", at_least=3, within=3) if run.status == "success"]
    hours = _hours_run(runs)
    require(
        {1, 2, 3} <= set(hours),
        seen=f"successful runs for {_clock(hours) or 'no hour'} since you ran the cell",
        wanted="runs for 01:00, 02:00 and 03:00",
        likely_cause="a prediction is not yet a measurement" if not hours else "a run is missing",
        next_step="run the task for each of the three hours.",
    )
    found = attempt.influx.rows(f'from(bucket: "l09_reads") |> {SPAN} |> sort(columns: ["_time"])')
    counts = [int(row["_value"]) for row in found]
    require(
        given == counts[2],
        seen=f"you say {given}; the runs wrote down {counts}",
        wanted="what the third run read",
        likely_cause="18 would be the news of one hour, which is what one hopes for"
        if given == 18
        else "another run's number",
        next_step="call read_counts() after the three runs, and take the third number.",
    )
    return f"{counts[0]}, {counts[1]}, {counts[2]}: each run read everything since midnight. lastSuccess gave orTime, always."


def _late_rows(attempt: Attempt, hour: int) -> list[str]:
    """The rows of generator3 after emptying the bucket and one run for this hour; raises NotYet when the run failed."""
    with Influx(attempt.where) as influx:
        influx.delete("l09_downsampled", DAY, DAY + timedelta(days=1))
    status, said = _run_for(attempt, "l09_late", hour)
    require(
        status == "success",
        seen=f"this check ran your task for {hour:02d}:00; the run ended as {status}: {said}",
        wanted="a run that succeeds",
        likely_cause="the script does not fit together",
        next_step="print option + query + DOWNSAMPLE and read it as one script.",
    )
    return _times(attempt, "l09_downsampled", "generator3")


@judge(
    "l09.late",
    title="Take in late readings",
    goal="One run of `l09_late` writes the last reading of each generator for each of the last three hours.",
    hints=(
        "Two things: read more than one hour, and cut what was read into hours before the last reading is taken.",
        'range(start: -3h), then window(every: ...); then tasks.ensure(influx, "l09_late", ...) with the whole script.',
        "query = 'from(bucket: \"l09_raw\") |> range(start: ...) |> window(every: 1h)', then ensure with option + query + DOWNSAMPLE",
    ),
    deadline=60.0,
)
def late(attempt: Attempt) -> str:
    times = _late_rows(attempt, 3)
    wanted = "after one run for 03:00: rows of 00:50, 01:50 and 02:50 for generator3"
    if times == ["02:50"]:
        seen_later = _late_rows(attempt, 14)
        _late_rows(attempt, 3)
        require(
            seen_later,
            seen="this check ran your task for 03:00, and it wrote one hour only",
            wanted=wanted,
            likely_cause="the task still reads only the hour before its scheduled time",
            next_step="look at the start of the range, and that the task was given the new script.",
        )
        raise NotYet(
            "this check ran your task for 03:00; it read more than an hour and wrote one row per generator",
            wanted,
            "all hours are one table when last() comes, or one slot holds them all",
            "cut the tables into slots of one hour first.",
        )
    require(
        not any(time.endswith(":00") for time in times),
        seen=f"this check ran your task for 03:00; the rows of generator3 are {', '.join(times)}",
        wanted=wanted,
        likely_cause="a row took the end of its slot as its time, as aggregateWindow gives it, instead of the reading's own",
        next_step="cut into slots with a function that leaves each row its time.",
    )
    require(
        times == ["00:50", "01:50", "02:50"],
        seen=f"this check ran your task for 03:00; the rows of generator3 are {', '.join(times) or 'none'}",
        wanted=wanted,
        likely_cause="the look-back is not three hours, or the slots are not one hour",
        next_step="compare the times of the rows with the slots you want.",
    )
    return "One run writes 00:50, 01:50 and 02:50: the late readings are in, and no row is there twice."


@judge(
    "l09.failed",
    title="Find, fix, retry",
    goal="The run of `l09_notes` for 05:00 was retried and succeeded, so that the notes of that hour are in `l09_notes`.",
    hints=(
        "Its log says that something is nil where a float was expected. Which reading has no fuel?",
        "Fix: drop rows without fuel before map. notes.flux is the script; tasks.ensure changes it; then tasks.retry.",
        "notes.flux.replace(...) can put a filter with exists r.fuel before map; then ensure, then retry(influx, failed_run).",
    ),
    deadline=60.0,
)
def failed(attempt: Attempt) -> str:
    runs = attempt.influx.runs("l09_notes", within=5)
    hours = _hours_run(runs)
    wanted = "a successful run for 05:00"
    require(
        runs,
        seen="l09_notes has not run since you ran the cell",
        wanted=wanted,
        likely_cause="a new script does not make up for old runs",
        next_step="retry the run that failed.",
    )
    require(
        5 in hours,
        seen=f"runs for {_clock(hours) or 'today'}, none for the hour that failed",
        wanted=wanted,
        likely_cause="a new run for another time does not fill the hole",
        next_step="look at scheduled_for of the run that failed, and retry that one.",
    )
    good = [run for run in runs if run.status == "success" and _hours_run([run]) == [5]]
    require(
        good,
        seen="the retried run failed again",
        wanted=wanted,
        likely_cause="the script is still the one that cannot cope with a missing fuel value",
        next_step="change the task's script before you retry.",
    )
    counts = [_times(attempt, "l09_notes", name).count("04:50") for name in ("generator1", "generator3")]
    require(
        counts == [1, 1],
        seen="the run succeeded, but the notes of 04:50 are not in l09_notes",
        wanted="a note of generator1 and one of generator3 for that hour",
        likely_cause="the new script leaves out too much, or writes elsewhere",
        next_step="drop the rows without fuel, and only those.",
    )
    return "The run for 05:00 succeeded, and the notes of that hour are there."


def _gap(attempt: Attempt) -> None:
    """The hours of the outage are empty again, so that what fills them was run in this attempt."""
    with Influx(attempt.where) as influx:
        influx.delete("l09_backfill", DAY + timedelta(hours=4), DAY + timedelta(hours=9))


@judge(
    "l09.backfill",
    title="Fill the gap",
    goal="`l09_backfill` has a row of `generator1` for each of the twelve hours.",
    hints=(
        "The row of 03:50 comes from the run for 04:00. Which runs are missing between 03:50 and 09:50?",
        "run(backfill, hour) runs it for one hour. Which is the first hour without a run, which the last?",
        "for hour in range(5, ...): run(backfill, hour)   (range stops before its second number)",
    ),
    mark=_gap,
    deadline=60.0,
)
def backfill(attempt: Attempt) -> str:
    runs = attempt.influx.runs("l09_backfill", within=3)
    wanted = "a row for each hour from 00:50 to 11:50"
    require(
        runs,
        seen="l09_backfill has not run since you ran the cell",
        wanted=wanted,
        likely_cause="missed slots are skipped for good unless somebody runs them",
        next_step="run it for the first missed hour and look at rows('l09_backfill').",
    )
    expected = {f"{hour - 1:02d}:50" for hour in HOURS}
    missing = sorted(expected - set(_times(attempt, "l09_backfill", "generator1")))
    hours = _hours_run(runs)
    require(
        hours,
        seen="it ran, but for the present: there are no readings of today",
        wanted=wanted,
        likely_cause="a run without a time is a run for now",
        next_step="name the time that it is scheduled for.",
    )
    require(
        not missing,
        seen=f"still missing: {', '.join(missing)}; runs for {_clock(hours)}",
        wanted=wanted,
        likely_cause="one run fills one hour" if len(hours) == 1 else "the first or the last hour is one off",
        next_step="the row of an hour comes from the run scheduled for the end of that hour.",
    )
    return "Twelve hours, twelve rows: the outage has left no hole."
