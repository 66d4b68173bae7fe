"""How far a run has come, as one value: as long as it changes, something moves and waiting is worth it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from lab.ledger.evidence import Evidence, Positions
from lab.ledger.judge import Ledger


@dataclass(frozen=True)
class Progress:
    """What every hop has done with this run's readings, and with the records before them.

    Nothing in it moves because of what comes after this run: another fleet that goes on publishing would else be waited
    for without end. Nor does the task's clock: it runs on whatever it finds.
    """

    in_kafka: int
    confirmed: int
    """Records the sink has confirmed, up to this run's last."""
    dead_letters: int
    """Records in the dead-letter topic, as long as the sink is before this run's last record."""
    in_raw: int
    rows: int
    alarms: int
    refuels: int


def progress(evidence: Evidence, ledger: Ledger) -> Progress:
    """The progress that this evidence and its ledger show."""
    confirmed, behind = _sink(evidence)
    return Progress(
        in_kafka=ledger.in_kafka,
        confirmed=confirmed,
        dead_letters=evidence.positions.dead_letters if evidence.positions and behind else 0,
        in_raw=ledger.in_raw,
        rows=ledger.downsampled_expected - ledger.downsampled_missing,
        alarms=ledger.alarms_expected - ledger.alarms_missing,
        refuels=evidence.refuels,
    )


def _sink(evidence: Evidence) -> tuple[int, bool]:
    """Records confirmed up to the last record of this run in each partition, and whether that is not all of them."""
    positions = evidence.positions or Positions(sink={})
    ends: dict[int, int] = {}
    for record in evidence.kafka:
        ends[record.partition] = max(record.offset + 1, ends.get(record.partition, 0))
    confirmed = sum(min(end, positions.sink.get(partition, 0)) for partition, end in ends.items())
    return confirmed, confirmed < sum(ends.values())
