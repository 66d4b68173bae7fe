"""What a service is: a frozen description that says how to run it and nothing about when.

Deciding what state a service is in, running it and printing about it are three other modules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

State = Literal["ready", "starting", "building", "stopped", "failed"]
SERVICES = ("kafka1", "kafka2", "kafka3", "connect", "influxd", "proxy")
"""Every service, in the order `status` shows them."""
STOP_ORDER = (("proxy",), ("connect",), ("kafka1", "kafka2", "kafka3"), ("influxd",))
"""Who takes in data stops first, so that nothing acknowledged is still on its way. The brokers stop side by side: one
after another, the last would ask a quorum that is gone for leave, be killed, and repair its log at the next start."""


@dataclass(frozen=True)
class Service:
    """One process to supervise, in the run folder. `stop_seconds` is how long SIGTERM may take before SIGKILL, on the
    reference machine."""

    name: str
    argv: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_seconds: int = 10
    start: bool = True
    """Start with the supervisor, or only when told."""
    restart: bool = True


@dataclass(frozen=True)
class ServiceStatus:
    """What a person is told of a service; `memory_mb` is resident memory in megabytes."""

    name: str
    state: State
    pid: int | None
    address: str
    detail: str
    memory_mb: float | None
