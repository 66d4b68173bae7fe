"""Checks of lesson 10: alarms in Kafka, orders and trucks, and the fuel that the generator reports in the end."""

from lab.checks import Attempt, NotYet, judge, require, whole

SERVICES = ("kafka", "connect", "influxd")
SOURCE = "l10-source"
FUEL_AFTER_REFUELLING = 900.0
"""Litres: a tank filled to 1,000 has burnt far less when the next reading comes."""


@judge(
    "l10.source",
    title="Rows become records",
    goal="`l10-source` runs, and the four rows are records in `l10_alarms`, keyed by their generator.",
    hints=(
        "Three properties are missing in SOURCE; the text names each.",
        'SOURCE | {"influxdb.bucket": ..., "topic.name.format": ..., "key.tag": ...}, then create_or_update.',
        'connect.create_or_update("l10-source", SOURCE | {"influxdb.bucket": "l10_rows", ..., "key.tag": "generatorID"})',
    ),
    services=SERVICES,
    deadline=60.0,
)
def source(attempt: Attempt) -> str:
    found = attempt.connect.connector(SOURCE, good=lambda c: c and (c.running or c.trace), within=20)
    wanted = "the connector l10-source, running"
    if found is None:
        raise NotYet("there is no connector l10-source", wanted, "it was not created, or has another name")
    require(
        found.running,
        seen=f"{found.shown}: {found.trace}",
        wanted=wanted,
        likely_cause="a property does not fit",
        next_step='print(connect.status("l10-source").cause)',
    )
    records = attempt.kafka.records("l10_alarms", at_least=4, within=10)
    if not records:
        raise NotYet(
            f"no record in l10_alarms; new topics: {', '.join(sorted(attempt.kafka.new_topics())) or 'none'}",
            "four records in l10_alarms",
            "it writes to another topic"
            if found.config.get("topic.name.format") != "l10_alarms"
            else f"it reads the bucket {found.config.get('influxdb.bucket')}, where no new row is",
            "compare bucket and topic with the text, and run the cell again.",
        )
    require(
        all(record.key for record in records),
        seen=f"{len(records)} records in l10_alarms without a key",
        wanted="records keyed by their generator",
        likely_cause="nothing says which tag is the key",
        next_step="add the property for the key, and run the cell again.",
    )
    require(
        all(record.key == record.fields.get("generatorID") for record in records),
        seen=f"records with the keys {', '.join(sorted({str(record.key) for record in records}))}",
        wanted="records keyed by their generator",
        likely_cause="another column was taken as the key",
    )
    require(len(records) >= 4, seen=f"{len(records)} records in l10_alarms", wanted="the four rows")
    return "Four rows, four records in l10_alarms, each keyed by its generator."


@judge(
    "l10.late",
    title="How late may a row be?",
    goal="`arrive` is how many of the two late rows reach the topic `l10_alarms`.",
    hints=(
        "Compare how old each row is with the look-back of the connector.",
        "lookback.ms is 60000 milliseconds. One row is 30 seconds late, the other 600 seconds.",
        "One of them lies within the stretch that is read again, the other does not.",
    ),
    services=SERVICES,
)
def late(attempt: Attempt, answer: object) -> str:
    given = whole(answer, "arrive")
    found = attempt.connect.connectors().get(SOURCE)
    if found is None or not found.running:
        raise NotYet("l10-source is not running", "the connector of exercise 1", next_step="solve exercise 1 first.")
    records = attempt.kafka.records("l10_alarms", at_least=2, within=4, match=lambda r: r.key == "generator4")
    require(
        len(records) < 2,
        seen="both rows arrived: the connector was still reading its bucket from the beginning",
        wanted="a source that is through with the rows of exercise 1",
        next_step="run the exercise's cell again, then the check.",
    )
    causes = {
        2: "a source can only look back so far, or it would read the whole bucket in each round",
        0: "the source reads a stretch again in each round, so being late is not fatal",
    }
    require(
        given == len(records),
        seen=f"you say {given}; the topic says otherwise",
        wanted="how many of the two rows reached l10_alarms",
        likely_cause=causes.get(given, "there are two rows"),
        next_step="is 30 s within the look-back? Is 600 s?",
    )
    return f"{len(records)} of 2: the row of 30 s ago arrived, the one of 10 minutes ago is overlooked."


@judge(
    "l10.orders",
    title="One order per request",
    goal="`l10_orders` has exactly one record for each request for fuel: one per generator and time.",
    hints=(
        "Two alarms are the same request when the generator and the time are the same.",
        'A set of pairs: (alarm["generatorID"], alarm["time"]). Skip what is in it, add what you handle.',
        'if alarm["alarm"] == "refuel" and request not in handled: handled.add(request); send("l10_orders", alarm)',
    ),
    services=SERVICES,
)
def orders(attempt: Attempt) -> str:
    rows = attempt.influx.rows(
        'from(bucket: "l10_rows") |> range(start: -1d) |> filter(fn: (r) => r._field == "alarm" and r._value == "refuel")'
    )
    requests = {(row["generatorID"], int(row["_time"].timestamp()) * 1_000_000) for row in rows}
    records = [record.fields for record in attempt.kafka.records("l10_orders", within=3)]
    wanted = f"{len(requests)} orders, one per request"
    require(
        requests, seen="there are no requests", wanted="the rows of exercise 1", next_step="solve exercise 1 first."
    )
    require(
        records,
        seen="no order reached l10_orders since you ran the cell",
        wanted=wanted,
        likely_cause="nothing was sent, or to another topic",
        next_step="print how many alarms read() gives, and follow one through your loop.",
    )
    quiet = [record for record in records if record.get("alarm") != "refuel"]
    require(
        not quiet,
        seen=f"{len(quiet)} of the {len(records)} orders are for alarms that say {quiet[0].get('alarm')}"
        if quiet
        else "",
        wanted=wanted,
        likely_cause="every record of the topic is treated as a request",
        next_step="look at the field alarm before you send.",
    )
    ordered = [(str(record.get("generatorID")), int(record.get("time") or 0)) for record in records]
    require(
        len(set(ordered)) == len(ordered),
        seen=f"{len(ordered)} orders for {len(set(ordered))} different requests: some came twice",
        wanted=wanted,
        likely_cause="repeats are not recognised",
        next_step="remember what you have handled.",
    )
    missing = requests - set(ordered)
    require(
        not missing,
        seen=f"no order for {len(missing)} of {len(requests)} requests",
        wanted=wanted,
        likely_cause="a generator that asked at two times was served once"
        if {name for name, _ in requests} == {name for name, _ in ordered}
        else "a generator was left out",
        next_step="what names one request?",
    )
    return f"{len(requests)} requests, {len(ordered)} orders, though every alarm came twice."


@judge(
    "l10.loop",
    title="Close the loop",
    goal="`l10-generator` reports a full tank after its own alarm came back, and `l10_trucks` has one record.",
    hints=(
        "Two conditions, then two actions. The second condition compares two times in microseconds.",
        'name = alarm["generatorID"]; alarm["time"] > fleet.last_refuel_us(name) says that it is news.',
        "def handle(alarm, fleet): if it is refuel and news: fleet.refuel(name), then send(...)",
    ),
    deadline=60.0,
)
def loop(attempt: Attempt) -> str:
    mine = {"match": lambda record: record.key == "l10-generator"}
    readings = [record.fields for record in attempt.kafka.records(attempt.names.readings, within=2, **mine)]
    if not readings:
        raise NotYet(
            "l10-generator sent no reading", "a fleet that runs", "handle is no function yet, so nothing was started"
        )
    alarms = [record.fields for record in attempt.kafka.records(attempt.names.alarms, within=2, **mine)]
    if not any(alarm.get("alarm") == "refuel" for alarm in alarms):
        _where_it_stops(attempt)
    fuel = max(reading.get("fuel", 0.0) for reading in readings)
    require(
        fuel > FUEL_AFTER_REFUELLING,
        seen=f"the alarm came back, and the generator never reported more than {fuel:.0f} litres",
        wanted="a reading with a full tank",
        likely_cause="handle did not refuel, or not to the full",
        next_step="print the alarm inside handle, and see which condition fails.",
    )
    trucks = attempt.kafka.count("l10_trucks")
    require(
        trucks > 0,
        seen="the tank is full, and l10_trucks has no record of it",
        wanted="one record in l10_trucks",
        likely_cause="the second action is missing",
    )
    require(
        trucks == 1,
        seen=f"{trucks} trucks for one alarm: it was handed over twice",
        wanted="one truck",
        likely_cause="handle does not notice that the alarm is older than the refuelling",
        next_step="compare the alarm's time with the time of the last refuelling.",
    )
    return "The alarm came back through the whole pipeline, and exactly one truck was sent."


def _where_it_stops(attempt: Attempt) -> None:
    """No alarm came back: say at which box."""
    running = {name for name, found in attempt.connect.connectors().items() if found.running}
    needed = (attempt.names.sink, attempt.names.source)
    down = [f"the connector {name} is not running" for name in needed if name not in running]
    task = attempt.influx.task(attempt.names.task)
    if task is None or not task.active:
        down.append(f"the task {attempt.names.task} does not run")
    if down:
        raise NotYet(
            f"no alarm came back: {down[0]}",
            "the whole pipeline",
            next_step="run ./workshop goto l10 in a terminal, then the cells again.",
        )
    raise NotYet(
        "the generator's readings are in Kafka, and no alarm came back before the fleet stopped",
        "an alarm of l10-generator in generator_alarms",
        "the fleet stopped too early, or the machine is very busy",
        "run the exercise's cell again.",
    )
