"""What Kafka Connect's REST interface answers, as frozen values (no I/O here)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.base.errors import LearnerError


@dataclass(frozen=True)
class Plugin:
    """A connector that the worker can run; `kind` is `sink` or `source`."""

    name: str
    kind: str
    version: str

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Plugin:
        """From an entry of GET /connector-plugins."""
        return cls(found["class"].rpartition(".")[2], found["type"], str(found.get("version")))


@dataclass(frozen=True)
class Problem:
    """One property and what is wrong with it."""

    property: str
    message: str

    def __str__(self) -> str:
        return f"{self.property}: {self.message}"


@dataclass(frozen=True)
class Validation:
    """The answer to a validation."""

    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        return not self.problems

    def require(self) -> None:
        """Raise LearnerError, naming each property, unless all is well."""
        if self.problems:
            named = "; ".join(str(problem) for problem in self.problems)
            raise LearnerError(f"The connector cannot run like this. {named}", "Correct the properties named.")

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems)) or "Every property is in order."

    @classmethod
    def from_json(cls, answer: dict[str, Any]) -> Validation:
        """From the answer of PUT .../config/validate."""
        values = [entry["value"] for entry in answer["configs"]]
        return cls(tuple(Problem(value["name"], message) for value in values for message in value["errors"]))


@dataclass(frozen=True)
class TaskStatus:
    """One task; `trace` is the whole Java stack trace where it failed."""

    number: int
    state: str
    worker: str
    trace: str = ""

    @property
    def cause(self) -> str:
        """The first cause of a failure in one line, empty when there is none."""
        return first_cause(self.trace)


RESTING = ("PAUSED", "STOPPED")
"""States in which somebody put a connector on purpose."""


@dataclass(frozen=True)
class ConnectorStatus:
    """A connector and its tasks. States are Connect's: RUNNING, PAUSED, STOPPED, FAILED, UNASSIGNED, RESTARTING."""

    name: str
    state: str
    tasks: tuple[TaskStatus, ...]
    trace: str = ""

    @property
    def running(self) -> bool:
        """Whether the connector and at least one task run, and none failed."""
        return self.state == "RUNNING" and bool(self.tasks) and all(task.state == "RUNNING" for task in self.tasks)

    @property
    def failed(self) -> bool:
        return self.state == "FAILED" or any(task.state == "FAILED" for task in self.tasks)

    @property
    def cause(self) -> str:
        """The first cause of the first failure, empty when nothing failed."""
        traces = [self.trace, *(task.trace for task in self.tasks)]
        return next((first_cause(trace) for trace in traces if trace), "")

    @classmethod
    def from_json(cls, answer: dict[str, Any]) -> ConnectorStatus:
        """From the answer of GET /connectors/NAME/status."""
        tasks = tuple(
            TaskStatus(task["id"], task["state"], task["worker_id"], task.get("trace") or "")
            for task in sorted(answer["tasks"], key=lambda task: int(task["id"]))
        )
        connector = answer["connector"]
        return cls(answer["name"], connector["state"], tasks, connector.get("trace") or "")


@dataclass(frozen=True)
class Connector:
    """One connector as GET /connectors gives it: `kind` is `sink` or `source`."""

    config: dict[str, str]
    kind: str
    status: ConnectorStatus

    @classmethod
    def from_json(cls, about: dict[str, Any]) -> Connector:
        """From an entry of GET /connectors?expand=info&expand=status."""
        status = about["status"]
        return cls(
            dict(about.get("info", {}).get("config", {})), status.get("type", ""), ConnectorStatus.from_json(status)
        )


@dataclass(frozen=True)
class Offset:
    """How far a connector is in one partition; an `offset` of None asks to forget it."""

    partition: dict[str, Any]
    offset: dict[str, Any] | None

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Offset:
        """From an entry of GET /connectors/NAME/offsets."""
        return cls(entry["partition"], entry["offset"])

    def to_json(self) -> dict[str, Any]:
        """As an entry of PATCH /connectors/NAME/offsets."""
        return {"partition": self.partition, "offset": self.offset}


OWN_PACKAGE = "io.hybridiot."
"""Our connectors' exceptions say what a person can do; what lies below them is the library's."""


def first_cause(trace: str) -> str:
    """What began it, in one line without package names: the innermost exception of a Java stack trace.

    Where our connectors speak in the trace, it is the innermost of theirs.
    """
    lines = trace.splitlines()
    if not lines:
        return ""
    causes = [lines[0], *(line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: "))]
    own = [cause for cause in causes if cause.startswith(OWN_PACKAGE)]
    kind, colon, message = (own or causes)[-1].partition(": ")
    return f"{kind.rpartition('.')[2]}{colon}{message}".strip()
