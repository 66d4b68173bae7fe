"""Answers to lesson 09 that the checks are tried on."""

from lab.authoring.attempts import Attempts, Wrong

_REMOVE = 'tasks.remove(influx, "l09_first")'


def _first(option: str, query: str = "QUERY") -> str:
    return f"tasks.ensure(influx, \"l09_first\", '{option}' + {query})"


_FIND = 'failed = [each for each in tasks.runs(influx, notes) if each.status == "failed"][0]\n'

ATTEMPTS = {
    "l09.create": Attempts(
        wrong=(
            Wrong("minutes", _first('option task = {name: "l09_first", every: 5m, offset: 1s}'), says="every 5m"),
            Wrong("no offset", _first('option task = {name: "l09_first", every: 5s}'), says="offset is"),
            Wrong(
                "another name",
                """tasks.ensure(influx, "l09_first", 'option task = {name: "l09_1st", every: 5s, offset: 1s}' + QUERY)
tasks.remove(influx, "l09_1st")""",
                says="no task l09_first",
            ),
            Wrong(
                "switched off",
                _first('option task = {name: "l09_first", every: 5s, offset: 1s}')
                + '\ntasks.set_active(influx, tasks.require(influx, "l09_first"), False)',
                says="switched off",
            ),
            Wrong(
                "wrong bucket",
                _first(
                    'option task = {name: "l09_first", every: 5s, offset: 1s}', 'QUERY.replace("l09_raw", "l09_row")'
                ),
                says="failed",
            ),
        ),
        other="""script = 'option task = {offset: 1s, every: 5s, name: "l09_first"}' + QUERY
influx.json("POST", "/api/v2/tasks", json={"org": influx.org, "flux": script})""",
        undo=_REMOVE,
    ),
    "l09.now": Attempts(
        wrong=(
            Wrong("the end is part of it", 'newest = "03:00"', says="not part of it"),
            Wrong("the clock counts", 'newest = "03:05"', says="when the run starts"),
            Wrong("one hour behind", 'newest = "01:50"', says="the run for 02:00"),
        ),
        other='newest = "2:50"',
    ),
    "l09.since": Attempts(
        wrong=(
            Wrong("only predicted", "third = 54", says="a prediction is not yet"),
            Wrong("hopes", "for hour in (1, 2, 3):\n    run(since, hour)\nthird = 18", says="what one hopes for"),
            Wrong(
                "first of them",
                "for hour in (1, 2, 3):\n    run(since, hour)\nthird = read_counts()[1]",
                says="another run",
            ),
            Wrong("only the third", "run(since, 3)\nthird = read_counts()[0]", says="a run is missing"),
        ),
        other="""for hour in (1, 2, 3):
    queued = tasks.run_for(influx, since, datetime(2025, 6, 1, hour, tzinfo=UTC))
    tasks.wait(influx, queued)
third = max(read_counts())""",
    ),
    "l09.late": Attempts(
        wrong=(
            Wrong(
                "one hour still",
                """tasks.ensure(influx, "l09_late", option + 'from(bucket: "l09_raw") |> range(start: -1h) |> window(every: 1h)' + DOWNSAMPLE)""",
                says="still reads only the hour",
            ),
            Wrong(
                "no window",
                """tasks.ensure(influx, "l09_late", option + 'from(bucket: "l09_raw") |> range(start: -3h)' + DOWNSAMPLE)""",
                says="cut the tables",
            ),
            Wrong(
                "two hours",
                """tasks.ensure(influx, "l09_late", option + 'from(bucket: "l09_raw") |> range(start: -2h) |> window(every: 1h)' + DOWNSAMPLE)""",
                says="rows of generator3 are 01:50, 02:50",
            ),
            Wrong(
                "half hours",
                """tasks.ensure(influx, "l09_late", option + 'from(bucket: "l09_raw") |> range(start: -3h) |> window(every: 30m)' + DOWNSAMPLE)""",
                says="00:20, 00:50",
            ),
            Wrong(
                "aggregateWindow",
                """query = 'from(bucket: "l09_raw") |> range(start: -3h) |> aggregateWindow(every: 1h, fn: last)'
tasks.ensure(influx, "l09_late", option + query + DOWNSAMPLE)""",
                says="took the end of its slot",
            ),
        ),
        other="""query = 'from(bucket: "l09_raw") |> range(start: -3h) |> filter(fn: (r) => exists r._value)'
query += ' |> window(every: task.every)'
task = tasks.require(influx, "l09_late")
influx.json("PATCH", f"/api/v2/tasks/{task.id}", json={"flux": option + query + DOWNSAMPLE})""",
    ),
    "l09.failed": Attempts(
        wrong=(
            Wrong("does not fix it", _FIND + "tasks.wait(influx, tasks.retry(influx, failed))", says="failed again"),
            Wrong(
                "does not retry",
                'tasks.ensure(influx, "l09_notes", notes.flux.replace("    |> map(",'
                ' "    |> filter(fn: (r) => exists r.fuel)\\n    |> map("))',
                says="does not make up for old runs",
            ),
            Wrong(
                "runs another hour",
                'tasks.ensure(influx, "l09_notes", notes.flux.replace("    |> map(",'
                ' "    |> filter(fn: (r) => exists r.fuel)\\n    |> map("))\nrun(notes, 4)',
                says="none for the hour that failed",
            ),
            Wrong(
                "fixes too much",
                _FIND + 'tasks.ensure(influx, "l09_notes", notes.flux.replace("    |> map(",'
                ' "    |> filter(fn: (r) => not exists r.load)\\n    |> map("))\n'
                "tasks.wait(influx, tasks.retry(influx, failed))",
                says="leaves out too much",
            ),
        ),
        other="""better = '${if exists r.fuel then string(v: r.fuel) else "unknown"} litres left'
tasks.ensure(influx, "l09_notes", notes.flux.replace("${r.fuel} litres left", better))
run(notes, 5)""",
    ),
    "l09.backfill": Attempts(
        wrong=(
            Wrong("one run", "run(backfill, 9)", says="one run fills one hour"),
            Wrong("one off", "for hour in range(4, 9):\n    run(backfill, hour)", says="one off"),
            Wrong("for now", "tasks.wait(influx, tasks.run_for(influx, backfill))", says="for the present"),
        ),
        other="""queued = list(tasks.backfill(influx, backfill, DAY + timedelta(hours=4), DAY + timedelta(hours=9), 3600))
for each in queued:
    tasks.wait(influx, each)""",
    ),
}
