"""How fast the connectors are: `./workshop bench connect [--json]`.

Measured in one run, on the running stack, in buckets and topics of its own that are removed afterwards:

- direct_write_per_s: points/s that influxd takes: ready-made lines, official client, four threads, batches of 5,000;
- sink_per_s, sink_2_tasks_per_s: the same points, as JSON records in a topic filled before, through the sink. The
  clock runs from the first point that influxd counts to the last: neither start nor rebalance is in it;
- source_per_s: rows/s from the bucket into a topic, from the first record to the last;
- worker_memory_mb: the worker's largest resident memory while all this ran.
"""

from __future__ import annotations

import json as jsonlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import psutil
from influxdb_client.client.write_api import SYNCHRONOUS
from rich.console import Console
from rich.table import Table

from bench.connect_trial import Trial
from lab import stack
from lab.base.errors import ServiceError
from lab.base.pace import allow
from lab.base.reading import Reading

POINTS = 600_000
GENERATORS = 100
SPACING_US = 1000
"""A thousand readings a second: what the look-back has to remember is as dense as in the demo."""
BATCH = 5000
WRITERS = 4
PATIENCE_S = 300
LOOK_EVERY_S = 0.2
"""Between two counts; more often, and counting would take a quarter of a core from what is measured."""


def main(json: bool) -> int:
    """Run all of it. Returns 0."""
    console = Console(stderr=True)

    def say(line: str) -> None:
        console.print(line, style="dim")

    with Trial(stack.up(say), "bench") as trial:
        figures = run(trial, say)
    if json:
        print(jsonlib.dumps(figures))
    else:
        show(figures)
    return 0


def show(figures: dict[str, float]) -> None:
    """The figures as a table."""
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.0f}")
    Console().print(table)


def run(trial: Trial, say: Callable[[str], object]) -> dict[str, float]:
    """All figures, in one run."""
    figures: dict[str, float] = {}
    say(f"Making {POINTS:,} readings")
    readings = make_readings()
    with watched_memory(figures):
        say("Filling the topic")
        trial.produce((reading.generatorID, reading.to_json()) for reading in readings)
        say("Writing directly")
        figures["direct_write_per_s"] = direct(trial, readings)
        for tasks, figure in ((1, "sink_per_s"), (2, "sink_2_tasks_per_s")):
            say(f"Sink with {tasks} task{'s' if tasks > 1 else ''}")
            figures[figure] = sink(trial, tasks)
        say("Source")
        figures["source_per_s"] = source(trial)
    return {name: round(value, 1) for name, value in figures.items()}


def make_readings() -> list[Reading]:
    """Readings of a fleet, SPACING_US apart, the last one now."""
    first = time.time_ns() // 1000 - POINTS * SPACING_US
    return [
        Reading(
            f"generator{i % GENERATORS}", first + i * SPACING_US, i, 52.5, 13.4, 80.25, 120.5, 61.5, 800.0 - i % 700
        )
        for i in range(POINTS)
    ]


def line(r: Reading) -> str:
    """A reading in line protocol, with what the sink writes."""
    fields = f"fuel={r.fuel},lat={r.lat},load={r.load},lon={r.lon},power={r.power},seq={r.seq}i"
    return f"genData,generatorID={r.generatorID} {fields},temperature={r.temperature} {r.time}"


def direct(trial: Trial, readings: list[Reading]) -> float:
    """Points/s of ready-made batches."""
    batches = ["\n".join(map(line, readings[i : i + BATCH])).encode() for i in range(0, POINTS, BATCH)]
    api = trial.influx.write_api(write_options=SYNCHRONOUS)

    def write(batch: bytes) -> None:
        api.write(bucket=trial.bucket, record=batch, write_precision="us")

    started = time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, batches))
    return POINTS / (time.perf_counter() - started)


def sink(trial: Trial, tasks: int) -> float:
    """Points/s through the sink, from the first point that influxd counts to the last."""
    bucket = f"{trial.bucket}-{tasks}"
    trial.make_bucket(bucket)
    base = points_written(trial)
    name = trial.sink(f"sink-{tasks}", tasks_max=str(tasks), influxdb_bucket=bucket)
    rate = clock(lambda: points_written(trial) - base, name, trial)
    trial.connect.delete(name)
    return rate


def source(trial: Trial) -> float:
    """Rows/s from the bucket into a topic."""
    name = trial.source()
    rate = clock(lambda: trial.records(trial.out_topic), name, trial)
    trial.connect.stop(name)
    return rate


def clock(count: Callable[[], int], connector: str, trial: Trial) -> float:
    """Count up to POINTS and give the rate from the first sight of one to the last."""
    deadline = time.monotonic() + allow(PATIENCE_S)
    first: tuple[float, int] | None = None
    seen = 0
    while time.monotonic() < deadline:
        now, seen = time.perf_counter(), count()
        if seen >= POINTS and first:
            return (POINTS - first[1]) / (now - first[0])
        if seen and first is None:
            first = (now, seen)
        time.sleep(LOOK_EVERY_S)
    cause = trial.connect.status(connector).cause or f"{seen:,} of {POINTS:,} arrived"
    raise ServiceError(
        "connect", f"{connector} did not finish in {allow(PATIENCE_S):.0f} s: {cause}", "See ./workshop logs connect."
    )


def points_written(trial: Trial) -> int:
    """Points that influxd has taken since it started."""
    metrics = httpx.get(f"{trial.addresses.influx_url}/metrics", timeout=allow(30), trust_env=False).text
    counted = [row for row in metrics.splitlines() if row.startswith("storage_writer_ok_points_sum")]
    return sum(int(float(row.rpartition(" ")[2])) for row in counted)


@contextmanager
def watched_memory(figures: dict[str, float]) -> Iterator[None]:
    """Note the worker's largest resident memory."""
    pid = stack.control("connect").pid
    if pid is None:
        yield
        return
    worker, largest, stop = psutil.Process(pid), [0], [False]

    def watch() -> None:
        while not stop[0]:
            largest[0] = max(largest[0], worker.memory_info().rss)
            time.sleep(0.2)

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        try:
            yield
        finally:
            stop[0] = True
            watching.result()
    figures["worker_memory_mb"] = largest[0] / 2**20


__all__ = ["main"]
