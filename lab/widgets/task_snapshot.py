"""The task form's snapshot, from what InfluxDB says of the task. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.widgets.poller import Sample
from lab.widgets.schedule import seconds_of
from lab.widgets.task_script import split_script
from lab.widgets.topic_views import down


def snapshot_of(name: str, sample: Sample) -> dict[str, Any]:
    """The task with its fields, its runs newest first, and the chosen run's log."""
    task = sample.value.get("task")
    runs = sorted((_run(run) for run in sample.value.get("runs", [])), key=lambda run: run["scheduled"], reverse=True)
    return {
        "name": name,
        "task": _task(task) if task else None,
        "runs": runs,
        "run": sample.value.get("run", ""),
        "log": sample.value.get("log", []),
        "down": down(sample),
        "events": [],
        "words": _words(name, task, runs) if sample.value else ["InfluxDB was not seen yet."],
    }


def _task(task: Mapping[str, Any]) -> dict[str, Any]:
    fields, flux = split_script(task["flux"])
    return {
        "id": task["id"],
        "active": task["status"] == "active",
        "fields": {**fields, "name": task["name"]},
        "flux": flux,
        "updated": task.get("updatedAt", ""),
    }


def _run(run: Mapping[str, Any]) -> dict[str, Any]:
    start, end = seconds_of(run.get("startedAt", "")), seconds_of(run.get("finishedAt", ""))
    return {
        "id": run["id"],
        "status": run["status"],
        "scheduled": run.get("scheduledFor", ""),
        "ms": round((end - start) * 1000) if start and end else None,
    }


def _words(name: str, task: Mapping[str, Any] | None, runs: list[dict[str, Any]]) -> list[str]:
    if not task:
        return [f"There is no task {name} yet."]
    state = "active" if task["status"] == "active" else "inactive"
    return [f"Task {name} is {state}.", *(f"Run for {run['scheduled']}: {run['status']}." for run in runs[:5])]
