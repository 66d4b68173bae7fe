"""InfluxDB tasks and their runs: make one by name, run it now or for a past time, read its log, retry it.

A failed run is never retried by InfluxDB itself, and slots missed while the server was down are skipped: `retry`
and `run_for` are how both are made good.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tenacity import RetryError, Retrying, retry_if_result, wait_exponential

from lab.base.errors import LearnerError, ServiceError
from lab.base.pace import allow, stop_after
from lab.influx.api import NOT_FOUND, Influx, InfluxError, instant

PAGE = 100
"""Tasks in one answer."""
FINISHED = frozenset({"success", "failed", "canceled"})


@dataclass(frozen=True)
class Task:
    """A task as InfluxDB describes it."""

    id: str
    name: str
    active: bool
    every: str
    offset: str
    flux: str


@dataclass(frozen=True)
class Run:
    """One run: status is scheduled, started, success, failed or canceled; times are RFC 3339 or empty."""

    id: str
    task_id: str
    status: str
    scheduled_for: str
    started_at: str
    finished_at: str

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    @property
    def seconds(self) -> float:
        """How long the run took; 0 while it has not finished."""
        if not (self.started_at and self.finished_at):
            return 0.0
        return (datetime.fromisoformat(self.finished_at) - datetime.fromisoformat(self.started_at)).total_seconds()


def find(influx: Influx, name: str) -> Task | None:
    """The task of this name, or None; of several the one that is active, and the newest of those."""
    return next(iter(find_all(influx, name)), None)


def find_all(influx: Influx, name: str) -> list[Task]:
    """Every task of this name, of which InfluxDB lets there be several: active ones first, of those the newest."""
    found: list[Task] = []
    page = {"org": influx.org, "name": name, "limit": PAGE}
    while True:
        more = influx.json("GET", "/api/v2/tasks", params=page)["tasks"]
        found += [_task(body) for body in more]
        if len(more) < PAGE:
            return sorted(found, key=lambda task: (task.active, task.id), reverse=True)
        page["after"] = more[-1]["id"]


def require(influx: Influx, name: str) -> Task:
    """The task of this name. Raises LearnerError when there is none."""
    task = find(influx, name)
    if task is None:
        raise LearnerError(f"There is no task {name} in InfluxDB.", "Create it first; lesson 09 shows how.")
    return task


def ensure(influx: Influx, name: str, flux: str) -> Task:
    """Create the task, or give the one of this name this script and activate it. Others of the same name are removed.

    The name must be the one in the script's `option task`. Raises InfluxError with the parser's words when the script
    cannot be parsed; a name that does not exist shows only when it runs.
    """
    found = find_all(influx, name)
    for other in found[1:]:
        _delete(influx, other)
    task = found[0] if found else None
    if task is None:
        return _task(influx.json("POST", "/api/v2/tasks", json={"org": influx.org, "flux": flux, "status": "active"}))
    if task.flux == flux and task.active:
        return task
    return _task(influx.json("PATCH", f"/api/v2/tasks/{task.id}", json={"flux": flux, "status": "active"}))


def set_active(influx: Influx, task: Task, active: bool) -> Task:
    """Switch the schedule on or off."""
    status = "active" if active else "inactive"
    return _task(influx.json("PATCH", f"/api/v2/tasks/{task.id}", json={"status": status}))


def quiet(influx: Influx, task: Task, deadline_s: float = 60.0) -> None:
    """Switch the schedule off and wait until no run is under way.

    Do this before removing a bucket that the task reads: InfluxDB 2.9.1 dies of a memory fault when a bucket is removed
    under a running window aggregate (measured). Raises ServiceError after `deadline_s` seconds, more on a slow machine.
    """
    set_active(influx, task, active=False)
    for run in runs(influx, task):
        if not run.finished:
            wait(influx, run, deadline_s)


def remove(influx: Influx, name: str) -> bool:
    """Let the runs of every task of this name end and remove them; False when there was none."""
    found = find_all(influx, name)
    for task in found:
        _delete(influx, task)
    return bool(found)


def _delete(influx: Influx, task: Task) -> None:
    quiet(influx, task)
    influx.json("DELETE", f"/api/v2/tasks/{task.id}")


def run_for(influx: Influx, task: Task, when: datetime | None = None) -> Run:
    """Queue a run whose now() is `when`, or the present: the backfill of a slot that was missed."""
    moment = (when or datetime.now(UTC)).replace(microsecond=0)
    body = {"scheduledFor": instant(moment)}
    return _run(influx.json("POST", f"/api/v2/tasks/{task.id}/runs", json=body))


def backfill(influx: Influx, task: Task, start: datetime, stop: datetime, step_s: int) -> Iterator[Run]:
    """Queue one run each `step_s` seconds after start, up to and including the first at or after stop."""
    moment = start
    while moment < stop:
        moment += timedelta(seconds=step_s)
        yield run_for(influx, task, moment)


def runs(influx: Influx, task: Task, limit: int = 100) -> list[Run]:
    """The newest runs first."""
    found = influx.json("GET", f"/api/v2/tasks/{task.id}/runs", params={"limit": limit})["runs"]
    return sorted((_run(item) for item in found), key=lambda run: run.scheduled_for, reverse=True)


def get_run(influx: Influx, run: Run) -> Run:
    """The run's present state. Raises ServiceError while InfluxDB has not recorded it."""
    return _run(influx.json("GET", f"/api/v2/tasks/{run.task_id}/runs/{run.id}"))


def wait(influx: Influx, run: Run, deadline_s: float = 30.0) -> Run:
    """Wait until the run has finished and return it.

    Raises ServiceError after `deadline_s` seconds, more on a slow machine.
    """
    polls = Retrying(
        retry=retry_if_result(lambda seen: not seen.finished),
        stop=stop_after(deadline_s),
        wait=wait_exponential(multiplier=0.05, max=1),
    )
    try:
        return polls(lambda: _seen(influx, run))
    except RetryError as error:
        raise ServiceError(
            "influxd",
            f"The task's run {run.id} did not finish within {allow(deadline_s):.0f} s.",
            "Look at its log, and at ./workshop logs influxd.",
        ) from error


def _seen(influx: Influx, run: Run) -> Run:
    """The run as it is now. Between running and recorded, InfluxDB answers 404 for a moment: then as it was."""
    try:
        return get_run(influx, run)
    except InfluxError as refused:
        if refused.status != NOT_FOUND:
            raise
        return run


def logs(influx: Influx, task: Task, run: Run | None = None) -> list[str]:
    """The log lines of one run, or of the task's recent runs."""
    path = f"/api/v2/tasks/{task.id}" + (f"/runs/{run.id}" if run else "") + "/logs"
    return [f"{line.get('time', '')} {line.get('message', '')}".strip() for line in influx.json("GET", path)["events"]]


def retry(influx: Influx, run: Run) -> Run:
    """Queue a finished run again, for the same scheduled time."""
    return _run(influx.json("POST", f"/api/v2/tasks/{run.task_id}/runs/{run.id}/retry"))


def _task(body: dict[str, Any]) -> Task:
    return Task(
        body["id"],
        body["name"],
        body["status"] == "active",
        body.get("every", ""),
        body.get("offset", ""),
        body["flux"],
    )


def _run(body: dict[str, Any]) -> Run:
    return Run(
        body["id"],
        body["taskID"],
        body["status"],
        body.get("scheduledFor", ""),
        body.get("startedAt", ""),
        body.get("finishedAt", ""),
    )
