"""One attempt at one exercise: when it began, and questions to the services about what happened since.

Every probe answers from a running service, never from a variable of the notebook. Probes that wait take
`within` seconds on the reference machine, wait on a condition and return what they last saw, so that the judge can
say it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from lab.base.addresses import Addresses, load
from lab.base.names import Names
from lab.base.pace import allow
from lab.checks.baseline import Baseline

if TYPE_CHECKING:  # each brings its service's client, which takes seconds: imported by the judge that asks
    from lab.checks.probes.connect import ConnectProbe
    from lab.checks.probes.influx import InfluxProbe
    from lab.checks.probes.kafka import KafkaProbe
    from lab.checks.probes.proxy import ProxyProbe

POLL_SECONDS = 0.2
IMPATIENT_SECONDS = 0.5
"""Longest wait for an effect of a cell that is still as it was given."""
T = TypeVar("T")


@dataclass
class Attempt:
    """What a judge may ask. `began` is seconds since the epoch; `mark` is what the exercise's own mark returned."""

    exercise_id: str
    began: float
    baseline: Baseline
    mark: Any = None
    source: str = ""
    query: str = ""
    """Text of the %%flux cell, when the exercise is one."""
    patient: bool = True
    say: Callable[[str], None] = field(default=lambda words: None, repr=False)
    """Shows a progress line while the check runs."""

    @cached_property
    def where(self) -> Addresses:
        return load()

    @property
    def names(self) -> Names:
        return self.where.names

    @cached_property
    def kafka(self) -> KafkaProbe:
        """Topics, records since the attempt began, consumer groups."""
        from lab.checks.probes.kafka import KafkaProbe

        return KafkaProbe(self.where, self.baseline.offsets, self.wait)

    @cached_property
    def influx(self) -> InfluxProbe:
        """Points, tasks and runs."""
        from lab.checks.probes.influx import InfluxProbe

        return InfluxProbe(self.where, self.began, self.baseline.tasks, self.wait)

    @cached_property
    def connect(self) -> ConnectProbe:
        """Connectors, now and when the attempt began."""
        from lab.checks.probes.connect import ConnectProbe

        return ConnectProbe(self.where.connect_url, self.baseline.connectors, self.wait)

    @cached_property
    def proxy(self) -> ProxyProbe:
        """The proxy's counters, now and since the attempt began."""
        from lab.checks.probes.proxy import ProxyProbe

        return ProxyProbe(self.where.proxy_url, self.baseline.counters, self.wait)

    def wait(self, look: Callable[[], T], good: Callable[[T], object], within: float, words: str = "") -> T:
        """Look until it is good or `within` seconds (more on a slow machine) are over; return the last look."""
        deadline = time.monotonic() + (allow(within) if self.patient else min(within, IMPATIENT_SECONDS))
        while True:
            seen = look()
            if good(seen) or time.monotonic() >= deadline:
                return seen
            if words:
                self.say(words)
            time.sleep(POLL_SECONDS)
