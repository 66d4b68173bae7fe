"""What the demo shows: one table of all hops while it runs, the ledger and the verdict when it has ended."""

from __future__ import annotations

from dataclasses import dataclass

from rich import box
from rich.table import Table
from rich.text import Text

from lab.demo.metrics import Figures
from lab.fleet.views import FleetView
from lab.ledger import LATE, WHOLE, Late, Ledger


@dataclass(frozen=True)
class Moment:
    """Everything one frame of the live table needs."""

    elapsed: float
    seconds: float
    fleet: FleetView
    hops: Figures
    last_refuel: str
    refuels: int
    fault: str


def live_table(now: Moment, before: Moment | None) -> Table:
    """The table of hops; rates are taken from the frame before."""
    title = f"{now.elapsed:.0f} of {now.seconds:.0f} s" + (f" - {now.fault}" if now.fault else "")
    table = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for column in ("hop", "total", "a second", ""):
        table.add_column(column, justify="left" if column in ("hop", "") else "right", min_width=8)
    for hop, total, previous, note in _rows(now, before or now):
        passed = now.elapsed - before.elapsed if before else 0.0
        table.add_row(hop, f"{total:,}", f"{(total - previous) / passed:,.0f}" if passed > 0 else "", note)
    return table


def _rows(now: Moment, before: Moment) -> list[tuple[str, int, int, str]]:
    fleet, hops, was = now.fleet, now.hops, before.hops
    there = f"{fleet.connected} of {fleet.generators}"
    connections = f"{there}, {fleet.reconnects} reconnects" if fleet.reconnects else f"{there} connected"
    return [
        (
            "generators: published",
            fleet.published,
            before.fleet.published,
            connections,
        ),
        ("proxy: acknowledged", fleet.acknowledged, before.fleet.acknowledged, f"{fleet.waiting:,} waiting"),
        ("Kafka: emergency_generators", hops.kafka, was.kafka, f"{hops.lag:,} before the sink"),
        ("InfluxDB: kafka_raw", hops.raw, was.raw, ""),
        ("InfluxDB: kafka_downsampled", hops.rows, was.rows, "rows, every 10 s"),
        ("Kafka: generator_alarms", hops.alarms, was.alarms, ""),
        ("dispatcher: refuelled", now.refuels, before.refuels, now.last_refuel),
    ]


def plain_line(now: Moment) -> str:
    """The table in one line, for where there is no terminal."""
    hops = now.hops
    return (
        f"{now.elapsed:3.0f} s: {now.fleet.acknowledged:,} acknowledged, {hops.kafka:,} in Kafka, {hops.raw:,} raw, "
        f"{hops.rows:,} downsampled, {hops.alarms:,} alarms, {now.refuels} refuelled"
        + (f" - {now.fault}" if now.fault else "")
    )


def ledger_table(ledger: Ledger) -> Table:
    """The ledger as a person reads it."""
    table = Table(title="Ledger", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    for row in _ledger_rows(ledger):
        table.add_row(*row)
    return table


def _ledger_rows(ledger: Ledger) -> list[tuple[str, str, str]]:
    late = ledger.late
    rows = [
        ("published", f"{ledger.published:,}", f"{ledger.rates['published']:,} a second"),
        ("acknowledged", f"{ledger.acknowledged:,}", _times(ledger, "mqtt_ack", "until acknowledged")),
        ("in Kafka", f"{ledger.in_kafka:,}", _times(ledger, "device_to_kafka", "to the proxy's stamp")),
        ("in kafka_raw", f"{ledger.in_raw:,}", _fate(ledger.raw_lost, late.kafka_raw, ledger.refused)),
        (
            "downsampled rows",
            f"{ledger.downsampled_expected:,}",
            _fate(ledger.downsampled_missing - late.kafka_downsampled, late.kafka_downsampled),
        ),
        (
            "alarm records",
            f"{ledger.alarms_expected:,}",
            _fate(ledger.alarms_missing - late.generator_alarms, late.generator_alarms),
        ),
        ("refuelled", f"{ledger.refuels:,}", f"after {ledger.refuel_alarms:,} rows that asked for it"),
        ("duplicates in Kafka", f"{ledger.duplicates_in_kafka:,}", "removed by (generatorID, time)"),
        ("out of order", f"{ledger.order_inversions:,}", ""),
    ]
    return rows + [("fault", "", f"{note['fault']} at {note['at_s']} s") for note in ledger.faults]


def verdict(ledger: Ledger, interrupted: bool = False) -> Text:
    """What it comes to, and the next step. The first line alone says how it ended."""
    lines = _findings(ledger) or [f"Nothing lost: all {ledger.acknowledged:,} acknowledged readings arrived."]
    if interrupted:
        lines.insert(0, "Interrupted: this is what was known at that moment; nothing was waited for.")
    styles = {WHOLE: "bold green", LATE: "bold yellow"}
    return Text("\n".join(lines), style=styles.get(ledger.exit_code, "bold red"))


def _findings(ledger: Ledger) -> list[str]:
    """Everything that is not as it should be, the worst first."""
    if ledger.acknowledged == 0:
        return ["Nothing was acknowledged. Look at ./workshop logs proxy."]
    lines = []
    if ledger.lost:
        lines.append(f"LOST: {ledger.lost:,}. Look at ./workshop status and at the hop that falls short.")
    if ledger.refused:
        lines.append(
            f"REFUSED (dead-letter topic): {ledger.refused:,}. The sink could not write these acknowledged readings "
            "and put them aside. The reason is in each record's header __connect.errors.exception.message."
        )
    if ledger.order_inversions:
        lines.append(f"OUT OF ORDER: {ledger.order_inversions:,}.")
    return lines + (_late(ledger.late) if ledger.late.total else [])


def _late(late: Late) -> list[str]:
    """What is late, where it is, and what to do."""
    where = [
        (late.kafka, "readings: Kafka could not be read, so nobody knows yet."),
        (late.kafka_raw, f"readings: still in Kafka, {_before(late.records_before)}."),
        (late.kafka_downsampled, "rows: their readings are late, or the task has not run for their time slot."),
        (late.generator_alarms, "alarms: their rows are late, or the source has not reached them."),
    ]
    advice = (
        "See with ./workshop status whether every service is ready, then run ./workshop demo --keep: the sink "
        "continues where it stopped, and keeps running after the demo."
    )
    found = [f"  {count:,} {words}" for count, words in where if count]
    return [f"LATE: {late.total:,} are not there yet. What is late is not lost.", *found, advice]


def _before(records: int) -> str:
    """What the readings wait for."""
    if not records:
        return "next in turn for the sink, or InfluxDB could not be read"
    return f"{records:,} records before the last of them wait for the sink"


def _fate(lost: int, late: int, refused: int = 0) -> str:
    """What became of the acknowledged ones that are not there."""
    counts = {"lost": lost, "late": late, "refused": refused}
    return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count or what == "lost")


def _times(ledger: Ledger, hop: str, what: str) -> str:
    times = ledger.latency_ms[hop]
    return f"p50 {times['p50']} ms, p99 {times['p99']} ms {what}"
