"""Checks of lesson 08: each query is run again by the judge and its tables are looked at; the last one by what it wrote."""

from typing import Any

from lab.checks import Attempt, NotYet, judge, require, whole

RAW = "l08_raw"
OUT = "l08_downsampled"
FILTERED = f"""from(bucket: "{RAW}")
    |> range(start: 2025-06-01T12:00:00Z, stop: 2025-06-01T12:01:00Z)
    |> filter(fn: (r) => r._field == "fuel" or r._field == "temperature")"""
READINGS = 18
READINGS_WITH_FUEL = 17
SLOTS = 9
TAGS = {"generatorID", "region"}
FIELDS = {"alarm", "fuel", "lon"}
REGIONS = {"generator1": "emea", "generator2": "americas", "generator3": "apac"}


def _tables(attempt: Attempt) -> list[Any]:
    """The tables of the learner's query; a refusal of the server is theirs to fix."""
    from influxdb_client.rest import ApiException

    from lab.learn.flux_errors import blames, message_of

    try:
        return attempt.influx.tables(attempt.query)
    except ApiException as error:
        blame = blames(message_of(error))[0]
        raise NotYet(
            f"InfluxDB refused the query: {blame.words}",
            "a query that runs",
            next_step=f"look at line {blame.line}, which is marked under the cell." if blame.line else "",
        ) from error


def _rows(tables: list[Any]) -> list[dict[str, Any]]:
    return [dict(record.values) for table in tables for record in table.records]


@judge(
    "l08.tables",
    title="Predict the tables",
    goal="`tables` is the number of tables that the query gives.",
    hints=(
        "A table per combination of measurement, tags and field. How many values does each of them have here?",
        "One measurement, three generators; the filter leaves two of the six fields. The minute does not matter.",
        "tables = 3 * ...  with the number of fields that the filter keeps.",
    ),
)
def tables(attempt: Attempt, answer: object) -> str:
    given = whole(answer, "tables")
    found = attempt.influx.tables(FILTERED)
    causes = {
        len(_rows(found)): "rows were counted, not tables",
        36: "rows were counted, not tables (and one fuel value is missing)",
        2: "fields were counted, but each generator has a table of its own per field",
        3: "generators were counted, but each of them has a table per field",
        18: "that is every field; the filter leaves only some of them",
        12: "that is what a longer list of generators or fields would give",
    }
    require(
        given == len(found),
        seen=f"you say {given}",
        wanted="the number of tables InfluxDB gives for this query",
        likely_cause=causes.get(given, "group keys and rows were mixed up"),
        next_step="count the combinations of generatorID and _field that pass the filter.",
    )
    return f"{len(found)} tables with {len(_rows(found))} rows in all: one table per generator and field."


@judge(
    "l08.filter",
    title="Filter",
    goal="The query gives the fuel values of `generator2` below 500 litres, and nothing else.",
    hints=(
        "Three things must be true of a row: its generator, its field and its value.",
        "filter(fn: (r) => ... and ... and ...) with r.generatorID, r._field and r._value.",
        '|> filter(fn: (r) => r.generatorID == "generator2" and r._field == "..." and r._value < 500.0)',
    ),
)
def filtered(attempt: Attempt) -> str:
    rows = _rows(_tables(attempt))
    wanted = "the fuel of generator2 where it was below 500 litres"
    generators = {row.get("generatorID") for row in rows}
    require(
        generators <= {"generator2"},
        seen=f"rows of {', '.join(sorted(map(str, generators)))}",
        wanted=wanted,
        likely_cause="the generator is not filtered, or conditions are joined with or",
        next_step="every condition must hold for a row to stay: check how they are joined.",
    )
    fields = {str(row.get("_field")) for row in rows}
    require(
        fields <= {"fuel"},
        seen=f"rows of the fields {', '.join(sorted(fields))}",
        wanted=wanted,
        likely_cause="other fields are numbers below 500, too",
        next_step="say which _field is meant.",
    )
    values = sorted(row["_value"] for row in rows if isinstance(row.get("_value"), float))
    require(
        500.0 not in values or max(values) > 500.0,
        seen="a row with exactly 500.0 litres is among the result",
        wanted=wanted,
        likely_cause="at or below 500 is not the same as below 500",
        next_step="look at the comparison.",
    )
    require(
        rows,
        seen="no row passes your filter",
        wanted=wanted,
        likely_cause="a number compared with a text in quotes is never true; or no generator has that name",
        next_step="remove the conditions one by one until rows appear.",
    )
    require(
        values == [310.0, 320.0],
        seen=f"{len(values)} rows with the values {values}",
        wanted=wanted,
        likely_cause="the value is not compared with 500.0, or compared the wrong way round",
        next_step="compare r._value, the measured number.",
    )
    return "2 rows, 310.0 and 320.0 litres: before the tank was filled."


@judge(
    "l08.least",
    title="Newest of each, lowest of all",
    goal="The query gives one row: the generator whose newest fuel value is the lowest.",
    hints=(
        "First one row per generator, then all of them in one table, then the lowest.",
        "last() works per table, group() makes one table, min() gives the row with the lowest _value.",
        "|> last()  |> ...  |> min()",
    ),
)
def least(attempt: Attempt) -> str:
    tables = _tables(attempt)
    rows = _rows(tables)
    wanted = "one row: the generator with the least fuel in its newest reading"
    require(
        len(rows) == 1,
        seen=f"{len(rows)} rows in {len(tables)} tables",
        wanted=wanted,
        likely_cause="min() looks at each table alone" if len(rows) == len(tables) else "no function has picked one row yet",
        next_step="compare the number of tables before and after each step.",
    )
    row = rows[0]
    require(
        row.get("_value") != 310.0,
        seen="310.0 litres of generator2: true at 12:00:10, no longer true at 12:01",
        wanted=wanted,
        likely_cause="the lowest of all values was taken, old ones included",
        next_step="reduce each generator to its newest value before you compare.",
    )
    require(
        (row.get("generatorID"), row.get("_value")) == ("generator1", 400.0),
        seen=f"{row.get('generatorID')} with {row.get('_value')} litres",
        wanted=wanted,
        likely_cause="last() of one big table gives its last row, whosever it is",
        next_step="which step must see one table per generator, and which a single one?",
    )
    return "generator1 with 400.0 litres is next in line for the fuel truck."


@judge(
    "l08.pivot",
    title="A row per reading",
    goal="The query gives one table in which each of the readings is exactly one row, its fields as columns.",
    hints=(
        "The row key must name one reading. What, beside the time, tells two readings of the same instant apart?",
        'rowKey is a list and may hold several columns: rowKey: ["_time", ...]',
        '|> pivot(rowKey: ["_time", "..."], columnKey: ["_field"], valueColumn: "_value") with the tag between the quotes.',
    ),
)
def pivot(attempt: Attempt) -> str:
    tables = _tables(attempt)
    rows = _rows(tables)
    wanted = f"one table of {READINGS} rows, a column per field"
    require(
        all("fuel" in row and "lon" in row for row in rows) and rows,
        seen="rows without the columns fuel and lon",
        wanted=wanted,
        likely_cause="the fields are still rows, or another column was spread out",
        next_step='columnKey is the column whose values become column names: ["_field"].',
    )
    require(
        len(rows) != 6,
        seen="6 rows: one per instant, the three generators on top of each other",
        wanted=wanted,
        likely_cause="the row key does not tell generators apart",
        next_step="add what names the generator to the row key.",
    )
    require(
        len(rows) == READINGS,
        seen=f"{len(rows)} rows",
        wanted=wanted,
        likely_cause="readings of different instants fell together" if len(rows) < READINGS else "readings are torn apart",
        next_step="the row key must name one instant of one generator, no more and no less.",
    )
    require(
        all(row.get("generatorID") for row in rows),
        seen="rows that do not say which generator they belong to",
        wanted=wanted,
        likely_cause="a column that is in neither the group key nor the row key is dropped by pivot",
    )
    require(
        len(tables) == 1,
        seen=f"{len(tables)} tables",
        wanted=wanted,
        likely_cause="the tables were grouped again, or group() was removed",
        next_step="group() without columns makes one table.",
    )
    return f"{READINGS} readings, {READINGS} rows, one table."


@judge(
    "l08.alarm",
    title="Alarm, and no guess",
    goal="Each reading with a fuel value is a row with `fuel` and its `alarm`; readings without fuel are left out.",
    hints=(
        "Two steps: first drop the rows that cannot be judged, then add the column.",
        "filter(fn: (r) => exists r.fuel), then map with {r with alarm: if ... then ... else ...}.",
        '|> map(fn: (r) => ({r with alarm: if r.fuel < ... then "refuel" else "ok"}))  after the filter.',
    ),
)
def alarm(attempt: Attempt) -> str:
    rows = _rows(_tables(attempt))
    wanted = f"{READINGS_WITH_FUEL} rows with generatorID, fuel and alarm"
    require(
        all("alarm" in row for row in rows) and rows,
        seen=f"{len(rows)} rows without a column alarm",
        wanted=wanted,
        likely_cause="map has not added it",
        next_step="see how map added a column in the cell above.",
    )
    require(
        all("fuel" in row and "generatorID" in row for row in rows),
        seen=f"rows with only the columns {', '.join(sorted(set(rows[0]) - {'result', 'table'}))}",
        wanted=wanted,
        likely_cause="map returned a new record and dropped the other columns",
        next_step="begin the record with  r with .",
    )
    require(
        all(row["fuel"] is not None for row in rows),
        seen=f"{len(rows)} rows, one of them with the alarm {next((r['alarm'] for r in rows if r['fuel'] is None), '')!r}"
        " and no fuel value",
        wanted=wanted,
        likely_cause="a comparison with a missing value is not true, so else decides",
        next_step="drop the rows in which fuel does not exist.",
    )
    wrong = [row for row in rows if row["alarm"] != ("refuel" if row["fuel"] < 500.0 else "ok")]
    require(
        not wrong,
        seen=f"{len(wrong)} rows with the wrong alarm, for instance {wrong[0]['alarm']!r} at {wrong[0]['fuel']} litres"
        if wrong
        else "",
        wanted="refuel below 500 litres, ok from 500 litres on",
        likely_cause="the comparison is the wrong way round or includes 500.0",
    )
    require(
        len(rows) == READINGS_WITH_FUEL,
        seen=f"{len(rows)} rows",
        wanted=wanted,
        likely_cause="readings that do have a fuel value were left out",
        next_step="filter by whether fuel exists and by nothing else.",
    )
    return f"{READINGS_WITH_FUEL} rows, each with its alarm; the reading without fuel is left out."


def _emptied(attempt: Attempt) -> None:
    """The bucket begins empty, so that what is in it afterwards was written by this attempt."""
    from lab.influx import buckets
    from lab.influx.api import Influx

    with Influx(attempt.where) as influx:
        buckets.ensure(influx, OUT)
        buckets.empty(influx, OUT)


@judge(
    "l08.downsample",
    title="The whole downsample",
    goal="`l08_downsampled` holds the last reading of each generator and 20 s slot: tags `generatorID` and `region`,"
    " fields `alarm`, `fuel` and `lon`.",
    hints=(
        "You have written each step already; window comes before last, and to comes at the very end.",
        "window, last, group, pivot (keep _measurement in the row key), filter with exists, map for alarm and region, to.",
        'End with |> to(bucket: "l08_downsampled", tagColumns: ["generatorID", ...], fieldFn: (r) => ({alarm: r.alarm, ...}))',
    ),
    mark=_emptied,
)
def downsample(attempt: Attempt) -> str:
    points = attempt.influx.points(OUT, since="2025-01-01T00:00:00Z", within=2)
    if not points:
        _tables(attempt)
    wanted = f"{SLOTS} rows in {OUT}: three generators, three slots each"
    require(
        points,
        seen=f"nothing was written to {OUT}",
        wanted=wanted,
        likely_cause="the query does not end in to(), or it writes to another bucket",
        next_step="read the last step of your query again.",
    )
    _right_schema(points)
    slots = {(row["generatorID"], row["_time"]) for row in points}
    require(
        len(slots) == SLOTS,
        seen=f"{len(slots)} rows were written",
        wanted=wanted,
        likely_cause="last() saw the whole minute as one table"
        if len(slots) == 3
        else "the slots are not 20 s, or not reduced",
        next_step="cut the tables into slots first; then take the last of each.",
    )
    _right_values(points)
    return f"{SLOTS} rows in {OUT}, 4 of them ask for fuel. This is what the pipeline lives on."


def _right_schema(points: list[dict[str, Any]]) -> None:
    fields = {row["_field"] for row in points}
    missing = TAGS - set(points[0])
    require(
        not missing,
        seen=f"the points have no tag {', '.join(sorted(missing))}"
        + (", but a field of that name" if missing & fields else ""),
        wanted="the tags generatorID and region",
        likely_cause="a column becomes a tag only when tagColumns names it",
        next_step="name both in tagColumns.",
    )
    require(
        fields >= FIELDS,
        seen=f"the fields {', '.join(sorted(fields))}",
        wanted="the fields alarm, fuel and lon",
        likely_cause="fieldFn returns the fields; what it does not name is not written",
        next_step="name all three in fieldFn.",
    )


def _right_values(points: list[dict[str, Any]]) -> None:
    wrong = {row["generatorID"]: row["region"] for row in points if row["region"] != REGIONS.get(row["generatorID"])}
    require(
        not wrong,
        seen=f"regions such as {', '.join(f'{name}: {region}' for name, region in sorted(wrong.items()))}",
        wanted="americas below -30 degrees, emea below 60, otherwise apac",
        likely_cause="the order of the comparisons, or latitude taken for longitude",
    )
    refuels = sum(row["_field"] == "alarm" and row["_value"] == "refuel" for row in points)
    require(
        refuels == 4,
        seen=f"{refuels} rows have the alarm refuel",
        wanted="4: those whose fuel is below 500 litres",
        likely_cause="the comparison with 500.0 in map",
        next_step="exactly 500.0 litres is still ok.",
    )
