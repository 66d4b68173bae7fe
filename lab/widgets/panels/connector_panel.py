"""The connector panel: a connector's state, tasks and errors, with pause, resume and restart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.base.addresses import load
from lab.connect.client import Connect
from lab.widgets.kernel_panels import live
from lab.widgets.panel import Panel
from lab.widgets.panels.pipeline_map import pipeline_names
from lab.widgets.poller import NOTHING_YET, Sample
from lab.widgets.sources import http
from lab.widgets.topic_views import down

SECRETS = ("token", "password", "secret")
"""A setting whose name has one of these is shown as dots."""
VERBS: dict[str, tuple[Callable[[Connect, str], None], str, str]] = {
    "pause": (Connect.pause, "Pausing", "paused: it keeps its place, and lag grows"),
    "resume": (Connect.resume, "Resuming", "resumed: watch the lag shrink"),
    "restart": (Connect.restart, "Restarting", "restarted with its tasks"),
}
"""What a button asks of Connect, what is said while it is done, and afterwards."""


class ConnectorPanel(Panel):
    """Draws a snapshot of `snapshot_of`."""

    source = "connector_panel"


def make(name: str | None) -> ConnectorPanel:
    """This kernel's panel of a connector."""
    wanted = name or pipeline_names().sink
    return live().panel(f"connector panel {wanted}", lambda name: _new(name, wanted))


def _new(key: str, wanted: str) -> ConnectorPanel:
    held, panel = live(), ConnectorPanel(heading=f"Connector {wanted}")
    panel.on_command = lambda verb, _arguments: command(panel, wanted, verb)
    polled = held.poller.poll("connect", http.Connectors)
    held.show(key, panel, lambda: snapshot_of(wanted, polled.latest))
    return panel


def snapshot_of(name: str, connect: Sample) -> dict[str, Any]:
    """State, tasks with their errors, and settings of one connector. Pure."""
    about = connect.value.get("connectors", {}).get(name)
    if about is None:
        missing = connect is not NOTHING_YET and not connect.down
        words = [f"{name} does not exist yet."] if missing else ["Connect was not seen yet."]
        return {"name": name, "missing": missing, "down": down(connect), "words": words}
    state = about["state"].lower()
    tasks = [{**task, "state": task["state"].lower()} for task in about["tasks"]]
    return {
        "name": name,
        "missing": False,
        "state": state,
        "trace": about["trace"],
        "tasks": tasks,
        "config": {key: _shown(key, value) for key, value in sorted(about["config"].items())},
        "down": down(connect),
        "words": [f"{name} is {state}.", *(_task_words(task) for task in tasks)],
    }


def command(panel: ConnectorPanel, name: str, verb: str) -> None:
    """Hand one of `VERBS` to the worker."""
    if verb not in VERBS:
        panel.say("trouble", f"The panel does not know {verb}.", "Run the cell again.")
        return
    ask, doing, done = VERBS[verb]

    def act() -> str:
        with Connect(load().connect_url) as connect:
            ask(connect, name)
        return f"{name} is {done}."

    live().worker.submit(panel, f"{doing} {name}", act)


def _shown(key: str, value: str) -> str:
    return "••••" if any(word in key for word in SECRETS) else value


def _task_words(task: dict[str, Any]) -> str:
    cause = task["trace"].split("\n")[0]
    return f"Task {task['id']} is {task['state']}." + (f" {cause}" if cause else "")
