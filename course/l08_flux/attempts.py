"""Answers to lesson 08 that the checks are tried on."""

from lab.authoring.attempts import Attempts, Wrong

_LAST_STEPS = """    |> group()
    |> pivot(rowKey: ["_time", "_measurement", "generatorID"], columnKey: ["_field"], valueColumn: "_value")
    |> filter(fn: (r) => exists r.fuel)
    |> map(fn: (r) => ({r with
        alarm: if r.fuel < 500.0 then "refuel" else "ok",
        region: if r.lon < -30.0 then "americas" else if r.lon < 60.0 then "emea" else "apac",
    }))
"""
_TO = """    |> to(bucket: "l08_downsampled", tagColumns: ["generatorID", "region"],
        fieldFn: (r) => ({alarm: r.alarm, fuel: r.fuel, lon: r.lon}))
"""

ATTEMPTS = {
    "l08.tables": Attempts(
        wrong=(
            Wrong("counts rows", "tables = 35", says="rows were counted"),
            Wrong("counts fields", "tables = 2", says="fields were counted"),
            Wrong("forgets the filter", "tables = 18", says="that is every field"),
        ),
        other="tables = 6.0",
    ),
    "l08.filter": Attempts(
        wrong=(
            Wrong(
                "no field",
                '    |> filter(fn: (r) => r.generatorID == "generator2" and r._value < 500.0)',
                says="of the fields",
            ),
            Wrong(
                "or for and",
                '    |> filter(fn: (r) => r.generatorID == "generator2" or r._field == "fuel" and r._value < 500.0)',
                says="rows of generator1, generator2",
            ),
            Wrong(
                "500 included",
                '    |> filter(fn: (r) => r.generatorID == "generator2" and r._field == "fuel" and r._value <= 500.0)',
                says="exactly 500.0",
            ),
            Wrong(
                "no value",
                '    |> filter(fn: (r) => r.generatorID == "generator2" and r._field == "fuel")',
                says="not compared with 500.0",
            ),
            Wrong(
                "a text for a number",
                '    |> filter(fn: (r) => r.generatorID == "generator2" and r._field == "fuel" and r._value < "500")',
                says="no row passes",
            ),
        ),
        other="""    |> filter(fn: (r) => r._field == "fuel")
    |> filter(fn: (r) => r.generatorID == "generator2")
    |> filter(fn: (r) => not (r._value >= 500.0))""",
    ),
    "l08.least": Attempts(
        wrong=(
            Wrong("never grouped", "    |> last()\n    |> min()", says="3 rows in 3 tables"),
            Wrong("old values too", "    |> group()\n    |> min()", says="310.0 litres"),
            Wrong("grouped first", "    |> group()\n    |> last()\n    |> min()", says="whosever it is"),
        ),
        other='    |> last()\n    |> group(columns: ["_measurement"])\n    |> sort(columns: ["_value"])\n    |> limit(n: 1)',
    ),
    "l08.pivot": Attempts(
        wrong=(
            Wrong(
                "time only",
                '    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")',
                says="on top of each other",
            ),
            Wrong(
                "generator only",
                '    |> pivot(rowKey: ["generatorID"], columnKey: ["_field"], valueColumn: "_value")',
                says="different instants fell together",
            ),
            Wrong(
                "wrong way round",
                '    |> pivot(rowKey: ["_time", "_field"], columnKey: ["generatorID"], valueColumn: "_value")',
                says="without the columns fuel and lon",
            ),
        ),
        other="""    |> group(columns: ["generatorID"])
    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
    |> group()""",
    ),
    "l08.alarm": Attempts(
        wrong=(
            Wrong(
                "trusts the null",
                '    |> map(fn: (r) => ({r with alarm: if r.fuel < 500.0 then "refuel" else "ok"}))',
                says="no fuel value",
            ),
            Wrong(
                "forgets with",
                "    |> filter(fn: (r) => exists r.fuel)\n"
                '    |> map(fn: (r) => ({_time: r._time, alarm: if r.fuel < 500.0 then "refuel" else "ok"}))',
                says="dropped the other columns",
            ),
            Wrong(
                "at or below",
                "    |> filter(fn: (r) => exists r.fuel)\n"
                '    |> map(fn: (r) => ({r with alarm: if r.fuel <= 500.0 then "refuel" else "ok"}))',
                says="wrong alarm",
            ),
            Wrong("filter only", "    |> filter(fn: (r) => exists r.fuel)", says="without a column alarm"),
        ),
        other='    |> map(fn: (r) => ({r with alarm: if not exists r.fuel then "?" else if r.fuel >= 500.0 then "ok" else "refuel"}))\n'
        '    |> filter(fn: (r) => r.alarm != "?")',
    ),
    "l08.downsample": Attempts(
        wrong=(
            Wrong(
                "does not write",
                "    |> window(every: 20s)\n    |> last()\n" + _LAST_STEPS,
                says="does not end in to()",
            ),
            Wrong("no slots", "    |> last()\n" + _LAST_STEPS + _TO, says="the whole minute as one table"),
            Wrong(
                "region is no tag",
                "    |> window(every: 20s)\n    |> last()\n"
                + _LAST_STEPS
                + '    |> to(bucket: "l08_downsampled", tagColumns: ["generatorID"],\n'
                "        fieldFn: (r) => ({alarm: r.alarm, fuel: r.fuel, lon: r.lon, region: r.region}))",
                says="no tag region",
            ),
            Wrong(
                "no field function",
                "    |> window(every: 20s)\n    |> last()\n" + _LAST_STEPS + '    |> to(bucket: "l08_downsampled")',
                says="refused the query",
            ),
            Wrong(
                "no alarm among the fields",
                "    |> window(every: 20s)\n    |> last()\n"
                + _LAST_STEPS
                + '    |> to(bucket: "l08_downsampled", tagColumns: ["generatorID", "region"],\n'
                "        fieldFn: (r) => ({fuel: r.fuel, lon: r.lon}))",
                says="what it does not name is not written",
            ),
        ),
        other="""    |> filter(fn: (r) => r._field == "fuel" or r._field == "lon")
    |> aggregateWindow(every: 20s, fn: last, createEmpty: false, timeSrc: "_stop")
    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
    |> map(fn: (r) => ({r with alarm: if r.fuel >= 500.0 then "ok" else "refuel"}))
    |> map(fn: (r) => ({r with region: if r.lon >= 60.0 then "apac" else if r.lon >= -30.0 then "emea" else "americas"}))
    |> to(bucket: "l08_downsampled", tagColumns: ["generatorID", "region"],
        fieldFn: (r) => ({alarm: r.alarm, fuel: r.fuel, lon: r.lon}))""",
    ),
}
