"""The task form: write a Flux task, let the server check it, schedule it, run it, read its log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import traitlets

from lab.base.addresses import Addresses, load
from lab.base.errors import LearnerError
from lab.base.names import MEASUREMENT, Names
from lab.influx import tasks
from lab.influx.api import NOT_FOUND, Influx, InfluxError
from lab.widgets.kernel_panels import live
from lab.widgets.panel import Panel
from lab.widgets.panels.pipeline_map import pipeline_names
from lab.widgets.task_script import NEVER_DEFINED, Schedule, check_lines, compiler_errors, placeless, script_of
from lab.widgets.task_snapshot import snapshot_of

RUNS = 10
"""Runs listed: the last minutes of a task that runs every few seconds."""
KEPT = 5
"""Runs asked for in the form that stay listed whatever their time, so that a backfill can be read."""


STAND_IN = Schedule("workshop_check", every="1m")
"""With it the text is checked while its own schedule is wrong."""


class TaskForm(Panel):
    """Draws a snapshot of `lab.widgets.task_snapshot`; `start` fills an empty form, `draft` goes before both."""

    source = "task_form"
    start = traitlets.Dict().tag(sync=True)
    analysis = traitlets.Dict().tag(sync=True)
    """The server's `errors` of the editor's text (line, column, message), and `checked`, the number of that text."""
    draft = traitlets.Dict().tag(sync=True)
    """The form's unsaved fields and text; each view writes them here, so that the next view begins with them."""


class TaskSource:
    """The task of the form's name, its newest runs, those asked for here, and the log of the chosen one.

    InfluxDB lists the runs with the latest scheduled times, so a run for a past time is asked for by its id.
    """

    service = "influxd"
    every = 1.0

    def __init__(self, name: str) -> None:
        self.name = name
        self.run = ""
        self._asked: tuple[str, ...] = ()
        self._seen: dict[str, dict[str, Any]] = {}

    def follow(self, run: str) -> None:
        """Choose a run that was just asked for, and keep it listed."""
        self.run, self._asked = run, (*self._asked, run)[-KEPT:]

    def open(self, addresses: Addresses) -> None:
        self._influx = Influx(addresses, timeout=10.0)

    def sample(self) -> dict[str, Any]:
        body = self._influx.json("GET", "/api/v2/tasks", params={"org": self._influx.org, "name": self.name})["tasks"]
        if not body:
            return {"task": None, "runs": [], "log": []}
        path = f"/api/v2/tasks/{body[0]['id']}/runs"
        runs = self._influx.json("GET", path, params={"limit": RUNS})["runs"]
        runs += self._by_id(body[0]["id"], {run["id"] for run in runs})
        self._seen = {run["id"]: run for run in runs}
        chosen = self.run if self.run in self._seen else ""
        log = self._influx.json("GET", f"{path}/{chosen}/logs")["events"] if chosen else []
        return {"task": body[0], "runs": runs, "run": chosen, "log": [str(line.get("message", "")) for line in log]}

    def _by_id(self, task: str, listed: set[str]) -> list[dict[str, Any]]:
        """The runs of this task that are wanted and not listed."""
        found = [self._one(task, run) for run in {*self._asked, self.run} - listed - {""}]
        return [run for run in found if run.get("taskID") == task]

    def _one(self, task: str, run: str) -> dict[str, Any]:
        """A run as it is now, or as it was: a finished one never changes, and one being recorded is not found."""
        known = self._seen.get(run, {})
        if known.get("status") in tasks.FINISHED:
            return known
        try:
            return dict(self._influx.json("GET", f"/api/v2/tasks/{task}/runs/{run}"))
        except InfluxError as refused:
            if refused.status != NOT_FOUND:
                raise
            return known

    def close(self) -> None:
        self._influx.close()


_former: list[TaskForm] = []
"""The last form of this process: one made after `widgets.stop()` begins with its unsaved text."""


def make() -> TaskForm:
    """This kernel's task form."""
    return live().panel("task form", _new)


def _new(name: str) -> TaskForm:
    names, held = pipeline_names(), live()
    draft = _former[-1].draft if _former else {}
    panel = TaskForm(heading="InfluxDB task", start=first_text(names), draft=draft)
    _former[:] = [panel]
    polled = held.poller.poll("task form", lambda: TaskSource(str(draft.get("name") or names.task).strip()))
    source = polled.source
    assert isinstance(source, TaskSource)
    panel.on_command = lambda command, arguments: receive(panel, source, command, arguments)
    held.show(name, panel, lambda: snapshot_of(source.name, polled.latest))
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
        live().worker.submit(_Verdict(panel, arguments), "", lambda: analyse(panel, arguments))
        return
    if command not in COMMANDS:
        panel.say("trouble", f"The form does not know {command}.", "Run the cell again.")
        return
    doing, act = COMMANDS[command]

    def action() -> str:
        with Influx(load(), timeout=10.0) as influx:
            return act(influx, source, arguments)

    live().worker.submit(panel, doing, action)


class _Verdict:
    """Takes the outcome of a check: one that could not be made is shown where the errors of the text are."""

    def __init__(self, panel: TaskForm, arguments: dict[str, Any]) -> None:
        self._panel = panel
        self._number = arguments.get("number", 0)

    def say(self, level: str, text: str, remedy: str = "") -> None:
        if level == "trouble":
            self._panel.analysis = {"errors": [placeless(f"{text} {remedy}".strip())], "checked": self._number}


def analyse(panel: TaskForm, arguments: dict[str, Any]) -> str:
    """Ask the server about the editor's text and show its errors at their lines."""
    schedule = Schedule.from_form(arguments)
    with Influx(load(), timeout=10.0) as influx:
        errors = all_errors(influx, schedule, str(arguments["flux"]))
    panel.analysis = {"errors": errors, "checked": arguments.get("number", 0)}
    return "checked"


def all_errors(influx: Influx, schedule: Schedule, flux: str) -> list[dict[str, Any]]:
    """What is wrong with the schedule in plain words, and the server's errors of the text."""
    try:
        schedule.check()
    except LearnerError as wrong:
        told = {"line": 0, "column": 0, "message": f"{wrong.cause} {wrong.remedy}"}
        return [told, *server_errors(influx, STAND_IN, flux)]
    return server_errors(influx, schedule, flux)


def server_errors(influx: Influx, schedule: Schedule, flux: str) -> list[dict[str, Any]]:
    """InfluxDB's own errors of the script, lines counted in the editor.

    POST /api/v2/query/analyze knows the grammar alone, gives some errors no line, and a task with an unknown name is
    accepted. So a script in which it finds no place is sent as a query too, with a last line that cannot be compiled:
    it says all its errors and never runs.
    """
    script, added = script_of(schedule, flux)
    grammar = influx.json("POST", "/api/v2/query/analyze", json={"type": "flux", "query": script}).get("errors") or []
    if any(error.get("line") for error in grammar):
        return check_lines(grammar, added)
    try:
        influx.query(f"{script}\n\n{NEVER_DEFINED}\n")
    except InfluxError as refused:
        return check_lines(compiler_errors(refused.reason) or grammar, added)
    return check_lines(grammar, added)


def _save(influx: Influx, source: TaskSource, arguments: dict[str, Any]) -> str:
    schedule, flux = Schedule.from_form(arguments), str(arguments["flux"])
    schedule.check()
    errors = server_errors(influx, schedule, flux)
    if errors:
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        raise LearnerError(
            f"The task was not saved: InfluxDB found {count}.",
            "Correct what is listed under the text, then save again.",
        )
    known = tasks.find(influx, schedule.name)
    task = tasks.ensure(influx, schedule.name, script_of(schedule, flux)[0])
    source.name = task.name
    return f"Task {task.name} is {'updated' if known else 'created'} and active: its first run comes by schedule."


def _run(influx: Influx, source: TaskSource, _arguments: dict[str, Any]) -> str:
    task = tasks.require(influx, source.name)
    source.follow(tasks.run_for(influx, task).id)
    return f"A run of {task.name} is queued for now."


def _run_for(influx: Influx, source: TaskSource, arguments: dict[str, Any]) -> str:
    when = past(str(arguments.get("when") or ""), datetime.now(UTC))
    task = tasks.require(influx, source.name)
    source.follow(tasks.run_for(influx, task, when).id)
    return f"A run of {task.name} is queued for {when:%Y-%m-%d %H:%M:%S} UTC."


def _retry(influx: Influx, source: TaskSource, arguments: dict[str, Any]) -> str:
    task = tasks.require(influx, source.name)
    path = f"/api/v2/tasks/{task.id}/runs/{arguments['run']}/retry"
    source.follow(str(influx.json("POST", path)["id"]))
    return "The run is queued again, for the same scheduled time."


def _enable(influx: Influx, source: TaskSource, arguments: dict[str, Any]) -> str:
    active = bool(arguments["active"])
    task = tasks.set_active(influx, tasks.require(influx, source.name), active)
    return f"{task.name} runs by its schedule." if active else f"{task.name} rests until it is enabled."


def past(text: str, now: datetime) -> datetime:
    """A time as the form sends it, in UTC. Raises LearnerError when it is none, or not past at `now`."""
    try:
        when = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        cause = f"{text} is not a time." if text else "No past time is set."
        raise LearnerError(cause, f"Set date and time in UTC, such as {now:%Y-%m-%dT%H:%M:00}.") from error
    if when > now:
        raise LearnerError(
            f"{when:%Y-%m-%d %H:%M:%S} UTC is not past: it is {now:%H:%M:%S} UTC now.", "Set an earlier time, in UTC."
        )
    return when


COMMANDS: dict[str, tuple[str, Callable[[Influx, TaskSource, dict[str, Any]], str]]] = {
    "save": ("Saving the task", _save),
    "run": ("Queueing a run", _run),
    "run_for": ("Queueing a run", _run_for),
    "retry": ("Queueing the run again", _retry),
    "enable": ("Changing the task", _enable),
}
