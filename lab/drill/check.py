"""Judge one round of a drill from its recorded history. Pure: history and ledger in, verdict out.

A round is good when nothing acknowledged is lost, nothing is there twice after de-duplication, order held, the fault's
own promise held while it was active, and every hop caught up after healing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

GRACE_S = 2.0
"""Acknowledgements that were on their way when the fault came may still arrive."""
STEADY_S = 1.0
"""How much of the rate may be on its way through a hop that has caught up."""


class Sample(NamedTuple):
    """Totals at a moment; `at` in seconds from the round's first reading."""

    at: float
    acknowledged: int
    waiting: int
    kafka: int
    raw: int
    looks: int = 0
    """How often the hops had been asked by then: between two looks their figures are old."""


@dataclass(frozen=True)
class Told:
    """What `status` said of the services that a fault holds down: seen whole between injection and healing."""

    at: float
    ready: tuple[str, ...]
    """Services of the fault that status called ready."""


@dataclass(frozen=True)
class History:
    """One round as it was recorded; times in seconds from the first reading."""

    fault: str
    round: int
    rate: float
    qos: int
    injected: float
    healed: float
    samples: Sequence[Sample]
    told: Sequence[Told] = ()
    silent: bool = False
    """Whether nothing may be acknowledged while the fault is held."""
    problems: Sequence[str] = ()
    """What the fault itself found wrong: a will that came twice, a poisoned record that is not set aside."""
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Counts:
    """What the ledger says after influxd was restarted; distinct readings or rows."""

    published: int
    acknowledged: int
    lost_kafka: int
    lost_raw: int
    lost_downsampled: int
    lost_alarms: int
    refused: int
    late: int
    duplicates_kafka: int
    """Copies beyond the first, before de-duplication."""
    duplicates_after: int
    """Readings that are twice in kafka_raw, after de-duplication by (generatorID, time)."""
    inversions: int

    @property
    def lost(self) -> int:
        """Everything acknowledged that is missing somewhere, refused and late ones included."""
        return self.lost_kafka + self.lost_raw + self.lost_downsampled + self.lost_alarms + self.refused + self.late


@dataclass(frozen=True)
class Verdict:
    """What came of one round."""

    fault: str
    round: int
    qos: int
    rate: float
    counts: Counts
    first_ack_s: float | None
    """From healing to the first acknowledgement; None when none came."""
    caught_up_s: float | None
    """From healing until kafka_raw had everything that was acknowledged; None when it never had."""
    status_looks: int
    status_wrong: int
    wrong: tuple[str, ...]
    """Every promise that was broken, in words; empty when the round is good."""
    notes: tuple[str, ...] = field(default=())

    @property
    def good(self) -> bool:
        return not self.wrong

    def to_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {**asdict(self), "good": self.good}


def check(history: History, counts: Counts) -> Verdict:
    """The verdict on one round."""
    told_wrong = [told for told in history.told if told.ready]
    caught = caught_up(history)
    return Verdict(
        fault=history.fault,
        round=history.round,
        qos=history.qos,
        rate=history.rate,
        counts=counts,
        first_ack_s=first_ack(history),
        caught_up_s=caught,
        status_looks=len(history.told),
        status_wrong=len(told_wrong),
        wrong=tuple(_broken(history, counts, told_wrong, caught)),
        notes=tuple(history.notes),
    )


def _broken(history: History, counts: Counts, told: Sequence[Told], caught: float | None) -> list[str]:
    found = [f"{count:,} {what}" for count, what in _faults_of(counts) if count]
    if counts.acknowledged == 0:
        found.append("nothing was acknowledged")
    if history.silent and (given := acknowledged_while_held(history)):
        found.append(f"{given:,} acknowledged while nothing may be")
    if told:
        found.append(f"status called {', '.join(sorted({n for one in told for n in one.ready}))} ready")
    if caught is None:
        found.append("kafka_raw did not catch up")
    return [*found, *history.problems]


def _faults_of(counts: Counts) -> list[tuple[int, str]]:
    return [
        (counts.lost_kafka, "lost at Kafka"),
        (counts.lost_raw, "lost at kafka_raw"),
        (counts.lost_downsampled, "rows lost at kafka_downsampled"),
        (counts.lost_alarms, "alarms lost at generator_alarms"),
        (counts.refused, "refused by the sink"),
        (counts.late, "still not there"),
        (counts.duplicates_after, "twice after de-duplication"),
        (counts.inversions, "out of order"),
    ]


def acknowledged_while_held(history: History) -> int:
    """Readings acknowledged between the grace after injection and healing."""
    held = [s.acknowledged for s in history.samples if history.injected + GRACE_S <= s.at <= history.healed]
    return held[-1] - held[0] if held else 0


def first_ack(history: History) -> float | None:
    """Seconds from healing to the first sample with one more acknowledged."""
    before = max((s.acknowledged for s in history.samples if s.at <= history.healed), default=0)
    after = [s for s in history.samples if s.at > history.healed and s.acknowledged > before]
    return round(after[0].at - history.healed, 2) if after else None


def caught_up(history: History) -> float | None:
    """Seconds from healing until a look at kafka_raw found all that had been acknowledged at the look before it.

    Both looks come after healing, and the devices must have sent what they held back, up to a second's readings.
    """
    earlier: Sample | None = None
    for sample in history.samples:
        if earlier is not None and sample.looks > earlier.looks + 1:
            settled = sample.waiting <= history.rate * STEADY_S
            if earlier.at > history.healed and settled and sample.raw >= earlier.acknowledged:
                return round(sample.at - history.healed, 2)
        if earlier is None or sample.looks > earlier.looks + 1:
            earlier = sample
    return None
