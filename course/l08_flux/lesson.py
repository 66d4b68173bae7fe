# %% [markdown]
# Every generator sends six measured values with each reading. The people who dispatch fuel do not need all of that.
# They ask one question: **which generator needs fuel, and where is it?** The answer is a query in Flux, InfluxDB's
# language, and this lesson builds it one step at a time. In lesson 09 InfluxDB runs it on a schedule.
#
# Flux becomes easy once you see what flows through a query: not rows, but a **stream of tables**.

# %% tags=["setup"]
from datetime import UTC, datetime, timedelta

from influxdb_client import InfluxDBClient, Point
from influxdb_client.client.write_api import SYNCHRONOUS

from lab.learn import exercise, where

# %% [markdown]
# ## One minute of three generators
#
# To see every step clearly we use a bucket of our own, `l08_raw`, with one minute of data: three generators, a reading
# every ten seconds. Two things in it are worth remembering. `generator2` was refuelled in the third reading. And the
# fuel gauge of `generator1` failed once: its third reading has no `fuel`.

# %% tags=["setup"]
BUCKETS = ("l08_raw", "l08_downsampled")
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
SITES = {  # latitude, longitude, and the fuel of the six readings in litres
    "generator1": (52.52, 13.40, [450.0, 440.0, None, 420.0, 410.0, 400.0]),
    "generator2": (41.88, -87.63, [320.0, 310.0, 530.0, 520.0, 510.0, 500.0]),
    "generator3": (1.35, 103.82, [620.0, 610.0, 600.0, 590.0, 580.0, 570.0]),
}


def reading(generator: str, number: int) -> Point:
    """One reading as a point: the measurement, a tag, six fields and the device's time."""
    lat, lon, fuel = SITES[generator]
    point = Point("genData").tag("generatorID", generator).time(NOON + timedelta(seconds=10 * number))
    point.field("lat", lat).field("lon", lon)
    point.field("load", 40.0 + number).field("power", 20.0 + number).field("temperature", 60.0 + number)
    return point if fuel[number] is None else point.field("fuel", fuel[number])


with InfluxDBClient(**where.influx()) as client:
    for bucket in BUCKETS:
        if client.buckets_api().find_bucket_by_name(bucket) is None:
            client.buckets_api().create_bucket(bucket_name=bucket)
        client.delete_api().delete("1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "", bucket)
    points = [reading(generator, number) for generator in SITES for number in range(6)]
    client.write_api(write_options=SYNCHRONOUS).write("l08_raw", record=points)

print(f"{len(points)} readings written to l08_raw")

# %% [markdown]
# ## What flows: a stream of tables
#
# A cell that begins with `%%flux` is sent to InfluxDB. `from` names the bucket, `range` cuts out a span of time (`stop`
# itself is not part of it), and `|>` hands the result to the next function. The first twenty seconds:

# %% magic="flux"
# from(bucket: "l08_raw")
#     |> range(start: 2025-06-01T12:00:00Z, stop: 2025-06-01T12:00:20Z)

# %% [markdown]
# Eighteen readings went in, and nowhere do you see a reading. InfluxDB stores each *field* as a series of its own, and
# hands out **one table per combination of measurement, tags and field**: 3 generators × 6 fields = 18 tables. What all
# rows of a table have in common is its **group key**, shown above each table (its columns carry a 🔑).
#
# Almost every surprise in Flux comes from not knowing what the tables are. So predict first: the query below keeps two
# fields of the *whole* minute. `filter` keeps the rows for which its function is true. How many **tables** come out?
#
# ```
# from(bucket: "l08_raw")
#     |> range(start: 2025-06-01T12:00:00Z, stop: 2025-06-01T12:01:00Z)
#     |> filter(fn: (r) => r._field == "fuel" or r._field == "temperature")
# ```

# %% tags=["exercise"] id="l08.tables"
ex1 = exercise("l08.tables")
### BEGIN SOLUTION
#: # TODO: predict it; do not run the query yet
#: tables = None
tables = 3 * 2  # three generators, two fields
### END SOLUTION

# %% tags=["check"]
ex1.check(tables)

# %% [markdown]
# ## Filter by tag, field and value
#
# `r` is one row; `r._field` and `r.generatorID` are columns. Conditions join with `and` and `or`. This is how
# you ask for the load of one generator:

# %% magic="flux"
# from(bucket: "l08_raw")
#     |> range(start: 2025-06-01T12:00:00Z, stop: 2025-06-01T12:01:00Z)
#     |> filter(fn: (r) => r._field == "load" and r.generatorID == "generator3")

# %% [markdown]
# Your turn. `generator2` ran low before it was refuelled. Which of its `fuel` values were **below 500** litres? The
# measured number is in the column `_value`, and it is a float: write `500.0`.

# %% tags=["exercise"] id="l08.filter" magic="flux --exercise ex2 l08.filter"
# from(bucket: "l08_raw")
#     |> range(start: 2025-06-01T12:00:00Z, stop: 2025-06-01T12:01:00Z)
# ### BEGIN SOLUTION
# #: // TODO: keep the fuel values of generator2 that are below 500 litres
#     |> filter(fn: (r) => r.generatorID == "generator2" and r._field == "fuel" and r._value < 500.0)
# ### END SOLUTION

# %% tags=["check"]
ex2.check()

# %% [markdown]
# Here is the fuel of all three as a picture. Each table is one line: `generator1` sinks from 450 to 400 litres with
# one point missing, `generator2` jumps from 310 to 530 when it is refuelled, `generator3` sinks slowly from 620 to 570.

# %% tags=["varies"] magic="flux --plot"
# from(bucket: "l08_raw")
#     |> range(start: 2025-06-01T12:00:00Z, stop: 2025-06-01T12:01:00Z)
#     |> filter(fn: (r) => r._field == "fuel")
#     |> keep(columns: ["_time", "_value", "generatorID"])

# %% [markdown]
# ## Functions work table by table
#
# `last`, `min`, `mean` and `count` each look at **one table at a time**. Three fuel tables in, three rows out:

# %% magic="flux"
# from(bucket: "l08_raw")
#     |> range(start: 2025-06-01T12:00:00Z, stop: 2025-06-01T12:01:00Z)
#     |> filter(fn: (r) => r._field == "fuel")
#     |> last()

# %% [markdown]
# To compare generators *with each other* they must be in one table. `group()` with nothing between the brackets
# puts all rows into one table; `group(columns: ["generatorID"])` makes one per generator.
#
# Find **the generator that has the least fuel now**: one single row, the lowest of the *newest* values. Which comes
# first, `last`, `group` or `min`? (An old value of `generator2` is lower than anything that is true now.)

# %% tags=["exercise"] id="l08.least" magic="flux --exercise ex3 l08.least"
# from(bucket: "l08_raw")
#     |> range(start: 2025-06-01T12:00:00Z, stop: 2025-06-01T12:01:00Z)
#     |> filter(fn: (r) => r._field == "fuel")
# ### BEGIN SOLUTION
# #: // TODO: from the newest value of each generator, keep the lowest
#     |> last()
#     |> group()
#     |> min()
# ### END SOLUTION

# %% tags=["check"]
ex3.check()

# %% [markdown]
# ## Fields become columns: pivot
#
# An alarm needs the fuel *and* the place of a reading, side by side in one row. `pivot` does that: rows that agree in
# the `rowKey` columns become one row, each value of `columnKey` becomes a column. Watch what happens when the row key
# does not tell the generators apart:

# %% magic="flux"
# from(bucket: "l08_raw")
#     |> range(start: 2025-06-01T12:00:00Z, stop: 2025-06-01T12:01:00Z)
#     |> group()
#     |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")

# %% [markdown]
# Six rows, no error, and all of it wrong. Three generators measured at the same instants, so each later one
# overwrote the earlier, and nobody can say whose reading this is.
#
# Repair it: **one table, one row per reading**. How many readings are there, and which columns together name one?

# %% tags=["exercise"] id="l08.pivot" magic="flux --exercise ex4 l08.pivot"
# from(bucket: "l08_raw")
#     |> range(start: 2025-06-01T12:00:00Z, stop: 2025-06-01T12:01:00Z)
#     |> group()
# ### BEGIN SOLUTION
# #: // TODO: pivot, with a row key that names one reading of one generator
#     |> pivot(rowKey: ["_time", "generatorID"], columnKey: ["_field"], valueColumn: "_value")
# ### END SOLUTION

# %% tags=["check"]
ex4.check()

# %% [markdown]
# ## A new column: map, and what a missing value does
#
# `map` calls a function for every row. `{r with alarm: ...}` keeps all columns of the row and adds one; without `with`
# only the columns you name are left. Below 500 litres the alarm is `refuel`, otherwise `ok`. Look at the third row of
# `generator1`, whose gauge failed:

# %% magic="flux"
# from(bucket: "l08_raw")
#     |> range(start: 2025-06-01T12:00:00Z, stop: 2025-06-01T12:01:00Z)
#     |> filter(fn: (r) => r.generatorID == "generator1")
#     |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
#     |> map(fn: (r) => ({r with alarm: if r.fuel < 500.0 then "refuel" else "ok"}))
#     |> keep(columns: ["_time", "generatorID", "fuel", "alarm"])

# %% [markdown]
# A generator at about 430 litres is reported as **ok**, because its gauge sent no value. `null < 500.0` is
# not true, so the `else` wins, silently. (Other functions fail on a null instead. Both have stopped real pipelines.)
#
# `exists r.fuel` is true when the row has that value. Give every reading **that has a fuel value** its `alarm`, and
# leave out the readings that have none. Keep the other columns.

# %% tags=["exercise"] id="l08.alarm" magic="flux --exercise ex5 l08.alarm"
# from(bucket: "l08_raw")
#     |> range(start: 2025-06-01T12:00:00Z, stop: 2025-06-01T12:01:00Z)
#     |> group()
#     |> pivot(rowKey: ["_time", "generatorID"], columnKey: ["_field"], valueColumn: "_value")
# ### BEGIN SOLUTION
# #: // TODO: leave out rows without fuel
# #: // TODO: add the column alarm: "refuel" below 500.0 litres, "ok" otherwise
#     |> filter(fn: (r) => exists r.fuel)
#     |> map(fn: (r) => ({r with alarm: if r.fuel < 500.0 then "refuel" else "ok"}))
# ### END SOLUTION

# %% tags=["check"]
ex5.check()

# %% [markdown]
# ## The same value for every row: set
#
# `set` puts one fixed value into every row. It looks harmless, but its place matters: a `map` without `with` after
# it throws the new column away again, here even the generator's name. With `set` as the last line `crew` would stay.

# %% magic="flux"
# from(bucket: "l08_raw")
#     |> range(start: 2025-06-01T12:00:00Z, stop: 2025-06-01T12:01:00Z)
#     |> filter(fn: (r) => r._field == "fuel")
#     |> last()
#     |> group()
#     |> set(key: "crew", value: "north")
#     |> map(fn: (r) => ({litres_used_up: 1000.0 - r._value}))

# %% [markdown]
# ## The whole downsample
#
# Two functions are still missing. `window(every: 20s)` cuts each table at :00, :20 and :40, so that a following `last()`
# gives the newest value **of each slot**. And `to` writes the stream into a bucket. It must be told which
# columns are tags (indexed, for searching) and which are fields (the values):
#
# ```
# |> to(bucket: "...", tagColumns: ["generatorID", ...], fieldFn: (r) => ({alarm: r.alarm, fuel: r.fuel, ...}))
# ```
#
# The region follows from the longitude: `americas` when `lon` is below -30.0, `emea` below 60.0, otherwise `apac`.
# An `else` may be followed by another `if`.
#
# Write the query that the pipeline uses: per generator and slot of 20 seconds **the last reading, with `alarm` and
# `region`, into the bucket `l08_downsampled`**. `generatorID` and `region` are tags; `alarm`, `fuel` and `lon` are
# fields (the pipeline carries the other fields along in the same way).

# %% tags=["exercise"] id="l08.downsample" magic="flux --exercise ex6 l08.downsample"
# from(bucket: "l08_raw")
#     |> range(start: 2025-06-01T12:00:00Z, stop: 2025-06-01T12:01:00Z)
# ### BEGIN SOLUTION
# #: // TODO: cut into slots of 20 s and take the last value of each
# #: // TODO: one table; one row per reading; rows with fuel only
# #: // TODO: add alarm and region
# #: // TODO: write to l08_downsampled: tags generatorID and region, fields alarm, fuel and lon
#     |> window(every: 20s)
#     |> last()
#     |> group()
#     |> pivot(rowKey: ["_time", "_measurement", "generatorID"], columnKey: ["_field"], valueColumn: "_value")
#     |> filter(fn: (r) => exists r.fuel)
#     |> map(fn: (r) => ({r with alarm: if r.fuel < 500.0 then "refuel" else "ok"}))
#     |> map(fn: (r) => ({r with region: if r.lon < -30.0 then "americas" else if r.lon < 60.0 then "emea" else "apac"}))
#     |> to(
#         bucket: "l08_downsampled",
#         tagColumns: ["generatorID", "region"],
#         fieldFn: (r) => ({alarm: r.alarm, fuel: r.fuel, lon: r.lon}),
#     )
# ### END SOLUTION

# %% tags=["check"]
ex6.check()

# %% [markdown]
# Run your cell a second time if you like: the number of points stays the same. A point *is* its measurement, tags and
# time, so writing it again overwrites it. Lesson 09 builds on that.

# %% [markdown]
# ## Recap
#
# - A query passes on a **stream of tables**; the group key says what the rows of one table share.
# - `last`, `min`, `count` work on each table alone; `group()` makes one table when you want to compare.
# - `pivot` needs a row key that names exactly one reading. A key that is too short overwrites rows without an error.
# - A missing value makes a comparison untrue: ask `exists` first.
# - `to` needs to know tags and fields, and writing the same row twice changes nothing.
