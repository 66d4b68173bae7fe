"""What the demo shows: one table of all hops while it runs, the ledger and the verdict when it has ended."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from lab.demo.meters import Figures
from lab.fleet.views import FleetView
from lab.ledger import Ledger


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
    table = Table(title=title, title_justify="left")
    for column in ("hop", "total", "per second", ""):
        table.add_column(column, justify="left" if column in ("hop", "") else "right", min_width=9)
    for hop, total, previous, note in _rows(now, before or now):
        passed = now.elapsed - before.elapsed if before else 0.0
        table.add_row(hop, f"{total:,}", f"{(total - previous) / passed:,.0f}" if passed > 0 else "", note)
    return table


def _rows(now: Moment, before: Moment) -> list[tuple[str, int, int, str]]:
    fleet, hops, was = now.fleet, now.hops, before.hops
    connections = f"{fleet.connected} of {fleet.generators} connected" + (
        f", {fleet.reconnects} reconnects" if fleet.reconnects else ""
    )
    return [
        ("generators: published", fleet.published, before.fleet.published, connections),
        ("proxy: acknowledged", fleet.acknowledged, before.fleet.acknowledged, f"{fleet.waiting:,} waiting"),
        ("Kafka: emergency_generators", hops.kafka, was.kafka, f"{hops.lag:,} not yet committed by the sink"),
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
    rows = [
        ("published", f"{ledger.published:,}", f"{ledger.rates['published']:,} a second"),
        ("acknowledged", f"{ledger.acknowledged:,}", _times(ledger, "mqtt_ack", "to the acknowledgement")),
        ("in Kafka", f"{ledger.in_kafka:,}", _times(ledger, "device_to_kafka", "from the device")),
        ("in kafka_raw", f"{ledger.in_raw:,}", f"{ledger.raw_lost:,} acknowledged ones missing"),
        ("downsampled rows", f"{ledger.downsampled_expected:,}", f"{ledger.downsampled_missing:,} missing"),
        ("alarm records", f"{ledger.alarms_expected:,}", f"{ledger.alarms_missing:,} missing"),
        ("refuelled", f"{ledger.refuels:,}", f"after {ledger.refuel_alarms:,} rows that asked for it"),
        ("duplicates in Kafka", f"{ledger.duplicates_in_kafka:,}", "removed by (generatorID, time)"),
        ("out of order", f"{ledger.order_inversions:,}", ""),
    ]
    return rows + [("fault", "", f"{note['fault']} at {note['at_s']} s") for note in ledger.faults]


def verdict(ledger: Ledger) -> Text:
    """One line: kept or broken."""
    if ledger.whole:
        return Text(f"Nothing lost: all {ledger.acknowledged:,} acknowledged readings arrived.", style="bold green")
    if ledger.acknowledged == 0:
        return Text("Nothing was acknowledged. Look at ./workshop logs proxy.", style="bold red")
    if ledger.lost:
        return Text(
            f"LOST: {ledger.lost:,}. Look at ./workshop status and at the hop that falls short.", style="bold red"
        )
    return Text(f"OUT OF ORDER: {ledger.order_inversions:,}. Nothing is lost.", style="bold red")


def _times(ledger: Ledger, hop: str, what: str) -> str:
    times = ledger.latency_ms[hop]
    return f"p50 {times['p50']} ms, p99 {times['p99']} ms {what}"
