"""What a fleet has published and what was acknowledged, for the ledger and for latency figures.

Without a limit the journal holds every reading, about 250 bytes each, which is what a ledger needs: a run of
1,000 readings a second for an hour is 0.9 GB. With a limit it forgets the oldest, which is what a notebook wants.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

DEFAULT_LIMIT = 50_000
"""Readings kept when nobody asked for all of them: about 25 MB for both lists."""


class Sent(NamedTuple):
    """A reading handed to MQTT for the first time; time in microseconds, fuel in litres."""

    generator: str
    time: int
    seq: int
    fuel: float


class Acked(NamedTuple):
    """A reading whose PUBACK (QoS 1) or PUBCOMP (QoS 2) came back, and how long that took."""

    generator: str
    time: int
    seq: int
    latency_ms: float


class Journal:
    """Written by the fleet's thread alone; read it through Fleet.journal_copy() or after stop()."""

    def __init__(self, limit: int | None = DEFAULT_LIMIT) -> None:
        self.sent: deque[Sent] = deque(maxlen=limit)
        self.acked: deque[Acked] = deque(maxlen=limit)
        self.published = 0
        self.acknowledged = 0
        self.dropped = 0
        """Readings taken while the device's own memory was full; they were never published."""

    def on_sent(self, generator: str, time: int, seq: int, fuel: float) -> None:
        self.published += 1
        self.sent.append(Sent(generator, time, seq, fuel))

    def on_acked(self, generator: str, time: int, seq: int, latency_ms: float) -> None:
        self.acknowledged += 1
        self.acked.append(Acked(generator, time, seq, latency_ms))

    def on_dropped(self) -> None:
        self.dropped += 1
