"""The task form: write a Flux task, let the server check it, schedule it, run it, read its log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import traitlets

from lab.addresses import Addresses, load
from lab.errors import LearnerError
from lab.influx import tasks
from lab.influx.api import Influx, InfluxError
from lab.names import MEASUREMENT, Names
from lab.widgets.live import live
from lab.widgets.panel import Panel
from lab.widgets.panels.pipeline_map import pipeline_names
from lab.widgets.task_script import NEVER_DEFINED, Schedule, check_lines, compiler_errors, script_of
from lab.widgets.task_snapshot import snapshot_of

RUNS = 10
"""Runs listed: the last minutes of a task that runs every few seconds."""


class TaskForm(Panel):
    """Draws a snapshot of `lab.widgets.task_snapshot`; `start` fills an empty form."""

    source = "task_form"
    start = traitlets.Dict().tag(sync=True)
    analysis = traitlets.Dict().tag(sync=True)
    """The server's `errors` of the editor's text (line, column, message), and `checked`, the number of that text."""


class TaskSource:
    """The task of the form's name, its newest runs, and the log of the chosen one."""

    service = "influxd"
    every = 1.0

    def __init__(self, name: str) -> None:
        self.name = name
        self.run = ""

    def open(self, addresses: Addresses) -> None:
        self._influx = Influx(addresses, timeout=10.0)

    def sample(self) -> dict[str, Any]:
        body = self._influx.json("GET", "/api/v2/tasks", params={"org": self._influx.org, "name": self.name})["tasks"]
        if not body:
            return {"task": None, "runs": [], "log": []}
        path = f"/api/v2/tasks/{body[0]['id']}"
        runs = self._influx.json("GET", f"{path}/runs", params={"limit": RUNS})["runs"]
        known = {run["id"] for run in runs}
        log = self._influx.json("GET", f"{path}/runs/{self.run}/logs")["events"] if self.run in known else []
        return {"task": body[0], "runs": runs, "run": self.run, "log": [str(line.get("message", "")) for line in log]}

    def close(self) -> None:
        self._influx.close()


def make() -> TaskForm:
    """This kernel's task form."""
    return live().panel("task form", _new)


def _new(name: str) -> TaskForm:
    names, held = pipeline_names(), live()
    panel = TaskForm(heading="InfluxDB task", start=first_text(names))
    feed = held.pump.feed("task form", lambda: TaskSource(names.task))
    source = feed.source
    assert isinstance(source, TaskSource)
    panel.on_command = lambda command, arguments: receive(panel, source, command, arguments)
    held.show(name, panel, lambda: snapshot_of(source.name, feed.fact))
    return panel


def first_text(names: Names) -> dict[str, str]:
    """What an empty form holds: it copies the newest value of each generator, and leaves the thinking to the lesson."""
    flux = (
        f'from(bucket: "{names.raw_bucket}")\n    |> range(start: -1m)\n'
        f'    |> filter(fn: (r) => r._measurement == "{MEASUREMENT}")\n'
        f'    |> last()\n    |> to(bucket: "{names.downsampled_bucket}")\n'
    )
    return {"name": names.task, "kind": "every", "every": "10s", "cron": "*/5 * * * *", "offset": "2s", "flux": flux}


def receive(panel: TaskForm, source: TaskSource, command: str, arguments: dict[str, Any]) -> None:
    """Hand one of `COMMANDS` to the worker; looking at another task or run needs no service."""
    if command == "look":
        source.name = str(arguments.get("name", source.name)).strip() or source.name
        source.run = str(arguments.get("run", source.run))
        return
    if command == "check":
        live().worker.submit(_Quiet(panel), "", lambda: analyse(panel, arguments))
        return
    if command not in COMMANDS:
        panel.say("trouble", f"The form does not know {command}.", "Run the cell again.")
        return
    doing, act = COMMANDS[command]

    def action() -> str:
        with Influx(load(), timeout=10.0) as influx:
            return act(influx, source, arguments)

    live().worker.submit(panel, doing, action)


class _Quiet:
    """Takes the outcome of a check: only trouble is worth a word."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    def say(self, level: str, text: str, remedy: str = "") -> None:
        if level == "trouble":
            self._panel.say(level, text, remedy)


def analyse(panel: TaskForm, arguments: dict[str, Any]) -> str:
    """Ask the server about the editor's text and show its errors at their lines."""
    schedule = Schedule.from_form(arguments)
    with Influx(load(), timeout=10.0) as influx:
        errors = server_errors(influx, schedule, str(arguments["flux"]))
    panel.analysis = {"errors": errors, "checked": arguments.get("number", 0)}
    return "checked"


def server_errors(influx: Influx, schedule: Schedule, flux: str) -> list[dict[str, Any]]:
    """InfluxDB's own errors of the script, lines counted in the editor.

    POST /api/v2/query/analyze knows the grammar alone and a task with an unknown name is accepted, so a script whose
    grammar is right is sent as a query too, with a last line that cannot be compiled: it says all its errors and
    never runs.
    """
    script, added = script_of(schedule, flux)
    answer = influx.json("POST", "/api/v2/query/analyze", json={"type": "flux", "query": script})
    if answer.get("errors"):
        return check_lines(answer["errors"], added)
    try:
        influx.query(f"{script}\n\n{NEVER_DEFINED}\n")
    except InfluxError as refused:
        return check_lines(compiler_errors(refused.reason), added)
    return []


def _save(influx: Influx, source: TaskSource, arguments: dict[str, Any]) -> str:
    schedule, flux = Schedule.from_form(arguments), str(arguments["flux"])
    schedule.check()
    errors = server_errors(influx, schedule, flux)
    if errors:
        first = errors[0]
        raise LearnerError(f"Line {first['line']}: {first['message']}", "Correct that line, then save again.")
    known = tasks.find(influx, schedule.name)
    task = tasks.ensure(influx, schedule.name, script_of(schedule, flux)[0])
    source.name = task.name
    return f"Task {task.name} is {'updated' if known else 'created'} and active: its first run comes by schedule."


def _run(influx: Influx, source: TaskSource, arguments: dict[str, Any]) -> str:
    task = tasks.require(influx, source.name)
    when = moment(str(arguments.get("when") or ""))
    source.run = tasks.run_for(influx, task, when).id
    return f"A run of {task.name} is queued" + (f" for {when:%Y-%m-%d %H:%M:%S} UTC." if when else " for now.")


def _retry(influx: Influx, source: TaskSource, arguments: dict[str, Any]) -> str:
    task = tasks.require(influx, source.name)
    path = f"/api/v2/tasks/{task.id}/runs/{arguments['run']}/retry"
    source.run = str(influx.json("POST", path)["id"])
    return "The run is queued again, for the same scheduled time."


def _enable(influx: Influx, source: TaskSource, arguments: dict[str, Any]) -> str:
    active = bool(arguments["active"])
    task = tasks.set_active(influx, tasks.require(influx, source.name), active)
    return f"{task.name} runs by its schedule." if active else f"{task.name} rests until it is enabled."


def moment(text: str) -> datetime | None:
    """A time as the form sends it, in UTC; None for an empty one. Raises LearnerError when it is none."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise LearnerError(f"{text} is not a time.", "Write it like 2026-03-01T12:00:00, in UTC.") from error


COMMANDS: dict[str, tuple[str, Callable[[Influx, TaskSource, dict[str, Any]], str]]] = {
    "save": ("Saving the task", _save),
    "run": ("Queueing a run", _run),
    "retry": ("Queueing the run again", _retry),
    "enable": ("Changing the task", _enable),
}
