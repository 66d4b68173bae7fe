"""What Kafka Connect knows: connectors, their configuration and state, now and when an attempt began."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lab.base.addresses import Addresses
from lab.connect import models
from lab.connect.client import Connect

TIMEOUT_SECONDS = 5.0
Wait = Callable[..., Any]


@dataclass(frozen=True)
class Connector:
    """One connector; `state` and the tasks' states are RUNNING, PAUSED, STOPPED, FAILED or UNASSIGNED."""

    name: str
    config: dict[str, str]
    state: str
    tasks: tuple[str, ...]
    trace: str = ""
    """First line of the first failure, of the connector or a task."""

    @property
    def running(self) -> bool:
        """Whether the connector and at least one task run, and no task failed."""
        return self.state == "RUNNING" and bool(self.tasks) and set(self.tasks) == {"RUNNING"}

    @property
    def shown(self) -> str:
        """Its state and its tasks' states in words."""
        return f"{self.name} is {self.state}, its tasks {', '.join(self.tasks) or 'do not exist'}"


def configs(where: Addresses) -> dict[str, dict[str, str]]:
    """The configuration of every connector by name."""
    with _client(where.connect_url) as connect:
        return {name: found.config for name, found in connect.all().items()}


def _client(url: str) -> Connect:
    """A client that tells what it sees at once: the probe waits itself."""
    return Connect(url, patience_s=0, timeout_s=TIMEOUT_SECONDS)


class ConnectProbe:
    """Questions to Connect's REST interface."""

    def __init__(self, url: str, baseline: dict[str, dict[str, str]], wait: Wait) -> None:
        self._url = url
        self.before = baseline
        """Configuration of every connector when the attempt began."""
        self._wait = wait

    def connectors(self) -> dict[str, Connector]:
        """Every connector by name."""
        with _client(self._url) as connect:
            return {name: _connector(name, found) for name, found in connect.all().items()}

    def connector(
        self, name: str, good: Callable[[Connector | None], object] = bool, within: float = 10.0
    ) -> Connector | None:
        """The connector once `good` holds for it, or as it is after `within` seconds; None when it does not exist."""
        return self._wait(  # type: ignore[no-any-return]
            lambda: self.connectors().get(name), good, within, f"Waiting for connector {name}"
        )

    def get(self, path: str) -> Any:
        """GET any path, read as JSON, e.g. `/connectors/NAME/offsets`. Raises ServiceError or LearnerError."""
        with _client(self._url) as connect:
            return connect.get(path)


def _connector(name: str, found: models.Connector) -> Connector:
    status = found.status
    traces = [status.trace, *(task.trace for task in status.tasks)]
    first = next((trace.splitlines()[0] for trace in traces if trace), "")
    return Connector(name, found.config, status.state, tuple(task.state for task in status.tasks), first)
