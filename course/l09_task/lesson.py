# %% [markdown]
# In lesson 08 you wrote a query that says which generator needs fuel. It was true once. A **task** is a query with a
# clock: InfluxDB runs it again and again, without anybody at the keyboard. That raises the questions of this lesson:
# which readings does a run see, what happens to readings that come late, and who notices when a run fails?

# %% tags=["setup"]
from datetime import UTC, datetime, timedelta

from influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS

from lab.influx import tasks
from lab.influx.api import Influx
from lab.learn import exercise, where

influx = Influx(where)  # the lab's small client; lab.influx.tasks makes, runs and watches tasks with it

# %% [markdown]
# ## Half a day of readings
#
# The bucket `l09_raw` gets the readings of three generators from midnight to noon of one day, one every ten minutes.
# The fuel gauge of `generator2` was broken between 04:00 and 05:00: those readings have no `fuel`.

# %% tags=["setup"]
DAY = datetime(2025, 6, 1, tzinfo=UTC)
FUEL = {"generator1": 450.0, "generator2": 530.0, "generator3": 620.0}


def line(generator: str, number: int) -> str:
    """One reading in line protocol: measurement and tag, fields, device time in seconds."""
    broken = generator == "generator2" and 24 <= number < 30
    fuel = "" if broken else f",fuel={FUEL[generator] - number}"
    moment = DAY + timedelta(minutes=10 * number)
    return f"genData,generatorID={generator} load=40.0{fuel} {int(moment.timestamp())}"


def write(lines: list[str]) -> None:
    with InfluxDBClient(**where.influx()) as client:
        client.write_api(write_options=SYNCHRONOUS).write("l09_raw", record=lines, write_precision="s")


with InfluxDBClient(**where.influx()) as client:
    for bucket in ("l09_raw", "l09_downsampled", "l09_reads", "l09_notes", "l09_backfill"):
        if client.buckets_api().find_bucket_by_name(bucket) is None:
            client.buckets_api().create_bucket(bucket_name=bucket)
        client.delete_api().delete("1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "", bucket)

readings = [line(generator, number) for generator in FUEL for number in range(72)]
write(readings)
print(f"{len(readings)} readings written to l09_raw")

# %% [markdown]
# ## A query with a clock
#
# One line makes a query a task: `option task = {name: "...", every: 1h, offset: 5m}`. With `every: 1h` a run is
# scheduled for each full hour; `offset` makes it start later, here at five past. `every` takes whole seconds too, `5s`.
#
# `tasks.ensure(influx, name, script)` makes the task, or changes the one of that name. The name must be the one in the
# script. Make a task that you can watch: named `l09_first`, scheduled for **every 5 seconds**, each run starting
# **1 second after** its scheduled time. The query is given.

# %% tags=["exercise"] id="l09.create"
ex1 = exercise("l09.create")
QUERY = """
from(bucket: "l09_raw")
    |> range(start: -task.every)
    |> filter(fn: (r) => r._field == "fuel")
    |> last()
    |> to(bucket: "l09_downsampled")
"""
### BEGIN SOLUTION
#: # TODO: put the option line before the query, and make the task
option = 'option task = {name: "l09_first", every: 5s, offset: 1s}'
first = tasks.ensure(influx, "l09_first", option + QUERY)
### END SOLUTION

# %% tags=["check"]
ex1.check()

# %% [markdown]
# From now on it runs every five seconds until somebody stops it. We do, and turn to tasks that run every hour.

# %% tags=["cleanup"]
stopped = tasks.remove(influx, "l09_first")

# %% [markdown]
# ## What time is it inside a run?
#
# A run does not ask the clock. **Inside a run `now()` is the time it was scheduled for**, however late it starts. And
# InfluxDB lets you schedule a run for any time you like, also one long past: `tasks.run_for(influx, task, when)`. So you can run a task
# for any time of the past. Here is an hourly task, run for 01:00 and 02:00:

# %% tags=["setup"]
DOWNSAMPLE = """
    |> filter(fn: (r) => r._field == "fuel")
    |> last()
    |> group()
    |> pivot(rowKey: ["_time", "_measurement", "generatorID"], columnKey: ["_field"], valueColumn: "_value")
    |> to(bucket: "l09_downsampled", tagColumns: ["generatorID"], fieldFn: (r) => ({fuel: r.fuel}))
"""
LAST_HOUR = 'from(bucket: "l09_raw") |> range(start: -task.every)'


def new_task(name: str, flux: str, extra: str = "") -> tasks.Task:
    """A new hourly task of this name, with an offset of five minutes and without any runs yet."""
    tasks.remove(influx, name)
    option = f'option task = {{name: "{name}", every: 1h, offset: 5m}}\n'
    return tasks.ensure(influx, name, extra + option + flux)


def run(task: tasks.Task, hour: int) -> tasks.Run:
    """Run the task as if it were this hour of the day, and wait until it has finished."""
    return tasks.wait(influx, tasks.run_for(influx, task, DAY + timedelta(hours=hour)))


def rows(bucket: str) -> list[str]:
    """What a bucket holds of that day: time and generator, in order."""
    found = influx.query(f'from(bucket: "{bucket}") |> range(start: 2025-06-01T00:00:00Z, stop: 2025-06-02T00:00:00Z)')
    return sorted({f"{row['_time'][11:16]} {row['generatorID']}" for row in found})


hourly = new_task("l09_hourly", LAST_HOUR + DOWNSAMPLE)
print([run(hourly, hour).status for hour in (1, 2)])
rows("l09_downsampled")

# %% [markdown]
# The run for 01:00 read the hour from 00:00 to 01:00, and its newest readings were those of 00:50: `stop` is not part
# of a range. Now predict. The task has an offset of five minutes, so its run for 03:00 really starts at 03:05. **Which
# reading is the newest that the run for 03:00 sees?** Give its time as text, such as `"00:50"`.

# %% tags=["exercise"] id="l09.now"
ex2 = exercise("l09.now")
### BEGIN SOLUTION
#: # TODO: the time of the newest reading that the run sees, as "HH:MM"
#: newest = None
newest = "02:50"
### END SOLUTION

# %% tags=["check"]
ex2.check(newest)

# %% [markdown]
# So `offset` does not shift what a run looks at. It gives readings on their way (through the proxy, Kafka and the sink)
# the time to arrive before their hour is read.
#
# ## The lastSuccess trap
#
# Many published tasks begin with `tasks.lastSuccess(orTime: ...)`: "read everything since my last successful run, or, if
# there was none, since `orTime`". That would be thrifty: each run reads only what is new. Here is such a task. It writes
# down how many readings it read, and `read_counts()` gives those numbers in the order of the runs' scheduled times.

# %% tags=["setup"]
SINCE = """
from(bucket: "l09_raw")
    |> range(start: tasks.lastSuccess(orTime: 2025-06-01T00:00:00Z))
    |> filter(fn: (r) => r._field == "fuel")
    |> group()
    |> count()
    |> map(fn: (r) => ({_time: now(), _measurement: "l09", _field: "readings", _value: r._value}))
    |> to(bucket: "l09_reads")
"""
since = new_task("l09_since", SINCE, extra='import "influxdata/influxdb/tasks"\n')


def read_counts() -> list[int]:
    """How many readings each run for a time of that day has read, in the order of those times."""
    found = influx.query('from(bucket: "l09_reads") |> range(start: 2025-06-01T00:00:00Z, stop: 2025-06-02T00:00:00Z)')
    return [int(row["_value"]) for row in sorted(found, key=lambda row: row["_time"])]


# %% [markdown]
# Three generators send six readings an hour: 18 are new each hour. Predict what the third run reads. Then measure:
# run `since` for 01:00, 02:00 and 03:00, **one after another** (`run(task, hour)` from above waits), and put what the
# third run read into `third`.

# %% tags=["exercise"] id="l09.since"
ex3 = exercise("l09.since")
### BEGIN SOLUTION
#: # TODO: run it for the three hours, then read the third number
#: third = None
for hour in (1, 2, 3):
    run(since, hour)
third = read_counts()[2]
### END SOLUTION

# %% tags=["check"]
ex3.check(third)

# %% [markdown]
# The open-source edition of InfluxDB 2 keeps no record for `lastSuccess`: you get `orTime`, always. Nothing breaks,
# because writing the same row twice leaves one row. But the task reads its whole past in every run, and gets slower
# each day. Set what a run reads yourself, with a fixed look-back.
#
# ## Late readings
#
# How far back? `generator3` loses its network at 01:30 and delivers the readings of 01:30, 01:40 and 01:50 an hour
# late, when the run for 02:00 is long over:

# %% tags=["setup"]
late = [line("generator3", number) for number in (9, 10, 11)]
influx.delete("l09_downsampled", DAY, DAY + timedelta(days=1))
influx.delete("l09_raw", DAY + timedelta(minutes=90), DAY + timedelta(minutes=120), 'generatorID="generator3"')
by_hour = new_task("l09_late", LAST_HOUR + DOWNSAMPLE)
run(by_hour, 2)
write(late)  # the network is back
run(by_hour, 3)
rows("l09_downsampled")

# %% [markdown]
# The newest row of `generator3` for that hour still says 01:20, although 01:50 is in the raw bucket. The run for 02:00
# could not know, the run for 03:00 did not look.
#
# Since writing a row twice does no harm, the cure is simple: let each run compute the **last three hours** again, hour
# by hour. `window(every: ...)` cuts tables into slots of time and leaves each row its own time (lesson 08 has more on it).
# `DOWNSAMPLE` follows your lines: it keeps the last reading of each table and writes it.

# %% tags=["exercise"] id="l09.late"
ex4 = exercise("l09.late")
option = 'option task = {name: "l09_late", every: 1h, offset: 5m}\n'
### BEGIN SOLUTION
#: # TODO: read three hours, cut into slots of one hour; then give the task the new script
query = 'from(bucket: "l09_raw") |> range(start: -3h) |> window(every: 1h)'
by_hour = tasks.ensure(influx, "l09_late", option + query + DOWNSAMPLE)
### END SOLUTION

# %% tags=["check"]
ex4.check()

# %% [markdown]
# ## A run that fails
#
# InfluxDB never retries a failed run, and nobody is told. A colleague added a friendly sentence to each row. Her task
# `l09_notes` ran for all twelve hours:

# %% tags=["setup"]
NOTES = """
from(bucket: "l09_raw")
    |> range(start: -task.every)
    |> last()
    |> group()
    |> pivot(rowKey: ["_time", "_measurement", "generatorID"], columnKey: ["_field"], valueColumn: "_value")
    |> map(fn: (r) => ({r with note: "${r.fuel} litres left"}))
    |> to(bucket: "l09_notes", tagColumns: ["generatorID"], fieldFn: (r) => ({note: r.note}))
"""
notes = new_task("l09_notes", NOTES)
queued = [tasks.run_for(influx, notes, DAY + timedelta(hours=hour)) for hour in range(1, 13)]
statuses = [tasks.wait(influx, each).status for each in queued]
{status: statuses.count(status) for status in ("success", "failed")}

# %% [markdown]
# One hour is missing in the bucket, for all generators. `tasks.runs(influx, notes)` lists the runs (`.status`,
# `.scheduled_for`), `tasks.logs(influx, notes, a_run)` gives the log lines of one, and `tasks.retry(influx, a_run)` runs
# it again **for the same hour**, with the script as it is then.
#
# Find the failed run, read its log, fix the script and retry the run. `notes.flux` is the task's script, with its option
# line. Change the task with `tasks.ensure`; `new_task` would make another one, without the runs you want to retry. In Flux
# `exists r.column` says whether a row has a value there; lesson 08 met this cause, too.

# %% tags=["exercise"] id="l09.failed"
ex5 = exercise("l09.failed")
### BEGIN SOLUTION
#: # TODO: find the run that failed, and look at its log
#: # TODO: give l09_notes a script that copes with it
#: # TODO: retry the run and wait for it
failed = [each for each in tasks.runs(influx, notes) if each.status == "failed"][0]
print(tasks.logs(influx, notes, failed)[-1].partition(" ")[2])
fixed = notes.flux.replace("    |> map(", "    |> filter(fn: (r) => exists r.fuel)\n    |> map(")
notes = tasks.ensure(influx, "l09_notes", fixed)
print(tasks.wait(influx, tasks.retry(influx, failed)).status)
### END SOLUTION

# %% tags=["check"]
ex5.check()

# %% [markdown]
# ## Runs that never happened
#
# While InfluxDB is down no run fails: none exists. When it is back, the missed hours are **skipped**, for good. Here
# the server was down from a little after 04:00 until a little after 09:00:

# %% tags=["setup"]
backfill = new_task("l09_backfill", LAST_HOUR + DOWNSAMPLE.replace("l09_downsampled", "l09_backfill"))
influx.delete("l09_backfill", DAY, DAY + timedelta(days=1))
queued = [tasks.run_for(influx, backfill, DAY + timedelta(hours=hour)) for hour in (1, 2, 3, 4, 10, 11, 12)]
statuses = [tasks.wait(influx, each).status for each in queued]
print(statuses)
[row for row in rows("l09_backfill") if row.endswith("generator1")]

# %% [markdown]
# Each run writes the last reading of the hour *before* its scheduled time: the row of 03:50 comes from the run for
# 04:00. The raw readings are all there. Fill the gap: run `l09_backfill` for every hour that was missed.

# %% tags=["exercise"] id="l09.backfill"
ex6 = exercise("l09.backfill")
### BEGIN SOLUTION
#: # TODO: run the task backfill for each missed hour
for hour in range(5, 10):
    run(backfill, hour)
### END SOLUTION

# %% tags=["check"]
ex6.check()

# %% [markdown]
# ## The pipeline's own task
#
# This is `kafka_downsample`, which the following lessons use. You can now give the reason for each line: the offset,
# the look-back over six slots, the window, `exists`, and why nothing in it asks when it last ran.

# %%
from lab.influx.flux import Downsample, downsample_script

print(downsample_script(Downsample(where.names)))

# %% [markdown]
# The next cell shows a form like InfluxDB's own: script, schedule, runs and logs. It shows `kafka_downsample` once that
# exists, and a short draft of it before. Try it after the lesson.

# %% tags=["varies"]
from lab import widgets

widgets.task_form()

# %% tags=["cleanup"]
for name in ("l09_first", "l09_hourly", "l09_since", "l09_late", "l09_notes", "l09_backfill"):
    tasks.remove(influx, name)
influx.close()

# %% [markdown]
# ## Recap
#
# - A task is a query with `name`, `every` and `offset`; inside a run `now()` is the scheduled time.
# - `offset` waits for readings on their way; a look-back of several slots takes in those that come later still.
# - `tasks.lastSuccess` always returns `orTime` in the open-source edition: the task re-reads its whole past.
# - A failed run stays failed until you retry it; a run that never happened must be run for its time.
# - All of this is safe for one reason: writing the same row again changes nothing.
