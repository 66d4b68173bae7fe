"""Attempt marks: what each service had when an attempt began.

Recording never fails: a service that does not answer leaves its mark empty and is reported by the check.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from lab.base.addresses import Addresses, load
from lab.base.errors import LabError
from lab.base.pace import allow

log = logging.getLogger(__name__)

LONGEST_SECONDS = 12.0
"""Longest wait for all marks together: a service that hangs must not hang the notebook."""

Offsets = dict[str, dict[int, int]]


@dataclass
class Baseline:
    """Kafka end offsets per topic and partition, connectors' configs, tasks' latest runs, the proxy's counters."""

    offsets: Offsets = field(default_factory=dict)
    connectors: dict[str, dict[str, str]] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    counters: dict[str, float] = field(default_factory=dict)


_RECORDERS = {
    "kafka": ("offsets", "kafka", "end_offsets"),
    "connect": ("connectors", "connect", "configs"),
    "influxd": ("tasks", "influx", "latest_runs"),
    "proxy": ("counters", "proxy", "counters"),
}
"""What of a service is recorded: the mark's name, and the module of `lab.checks.probes` with its function."""


def _record(service: str, where: Addresses) -> Any:
    """Import the service's client when it is first needed: a lesson's first cell should not wait for all of them."""
    _, module, function = _RECORDERS[service]
    return getattr(import_module(f"lab.checks.probes.{module}"), function)(where)


def record(services: tuple[str, ...]) -> Baseline:
    """The marks of these services, asked side by side."""
    baseline = Baseline()
    if not services:
        return baseline
    try:
        where = load()
    except LabError:
        return baseline
    pool = ThreadPoolExecutor()
    asked = {name: pool.submit(_record, name, where) for name in services}
    pool.shutdown(wait=False)
    deadline = time.monotonic() + allow(LONGEST_SECONDS)
    for name, answer in asked.items():
        try:
            setattr(baseline, _RECORDERS[name][0], answer.result(max(0.0, deadline - time.monotonic())))
        except Exception as error:  # noqa: BLE001 - the check will say which service is in trouble
            log.info("no mark of %s: %s", name, error)
    return baseline
