"""The fault panel: break one thing on purpose, watch what follows, undo it with one button."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from lab.base.addresses import load
from lab.base.errors import LabError, LearnerError
from lab.faults import Fault, Freeze, Kill, Poison, Restart, Slow, Stop
from lab.widgets.failures import explain
from lab.widgets.kernel_panels import live
from lab.widgets.network import relay
from lab.widgets.panel import Panel
from lab.widgets.poller import Sample
from lab.widgets.sources import http
from lab.widgets.topic_views import down
from lab.widgets.worker import Action, Worker

SLOW_S = 0.5
"""Delay of each piece of data through the slow network: plain to see, and far below MQTT's keep-alive."""
BY_HAND: dict[str, Callable[[str], Fault]] = {"kill": Kill, "freeze": Freeze, "stop": Stop, "restart": Restart}
LASTING = ("freeze", "stop", "slow")
"""Faults that stay active until they are undone; the others are over at once or end without help."""
ENDS = {"kill": ("freeze",), "stop": ("freeze",), "restart": ("freeze", "stop")}
"""What a fault does away with on the same service: the process that was frozen is gone, a stopped one runs again."""
SAID = {
    "kill": "killed (SIGKILL); the supervisor starts it again",
    "freeze": "frozen (SIGSTOP): it holds its connections and answers nothing",
    "stop": "stopped, until you undo it",
    "restart": "restarted",
}


class FaultPanel(Panel):
    """Draws a snapshot of `snapshot_of`."""

    source = "fault_panel"


class ActiveFaults:
    """The active faults of this kernel, by key; also the last that were done, newest last."""

    def __init__(self) -> None:
        self.faults: dict[str, tuple[Fault, float]] = {}
        self.done: list[dict[str, Any]] = []

    def inject(self, key: str, make: Callable[[], Fault]) -> None:
        """Do it. Raises LearnerError when that fault is active already."""
        if key in self.faults:
            raise LearnerError(f"{key} is active already.", "Undo it first.")
        fault = make().inject()
        verb, _, service = key.partition(" ")
        for ended in ENDS.get(verb, ()):
            self._forget(f"{ended} {service}")
        if verb in LASTING:
            self.faults[key] = (fault, time.time())
        else:
            fault.discard()  # over already: nothing is left to undo when this process ends
        self.note(key)

    def undo(self, key: str) -> None:
        """Undo it; nothing when it is not active. A fault that cannot be undone now stays active."""
        if key in self.faults:
            self.faults[key][0].undo()
            del self.faults[key]
            self.note(f"{key} undone")

    def _forget(self, key: str) -> None:
        if key in self.faults:
            self.faults.pop(key)[0].discard()

    def note(self, text: str) -> None:
        """Keep it among the newest events."""
        self.done = [*self.done, {"at": round(time.time(), 1), "text": text}][-10:]


_active = ActiveFaults()


def make() -> FaultPanel:
    """This kernel's fault panel."""
    return live().panel("fault panel", _new)


def _new(name: str) -> FaultPanel:
    held, panel = live(), FaultPanel(heading="Faults")
    panel.on_command = lambda command, arguments: receive(panel, held.worker, command, arguments)
    polled = held.poller.poll("stack", http.Stack)
    held.show(name, panel, lambda: snapshot_of(polled.latest, _active))
    return panel


def snapshot_of(stack: Sample, active: ActiveFaults) -> dict[str, Any]:
    """Services with their state, and the active faults."""
    services = [{"name": name, **about} for name, about in stack.value.get("services", {}).items()]
    keys = sorted(active.faults)
    return {
        "services": [{**one, "faults": [key for key in keys if key.endswith(f" {one['name']}")]} for one in services],
        "slow": "slow network" in active.faults,
        "active": [{"key": key, "since": round(active.faults[key][1], 1)} for key in keys],
        "events": active.done,
        "down": down(stack),
        "words": [
            *(f"{one['name']} is {one['state']}." for one in services),
            *(f"Active fault: {key}." for key in keys),
        ],
    }


def receive(panel: FaultPanel, worker: Worker, command: str, arguments: dict[str, Any]) -> None:
    """Hand one fault or undo to the worker."""
    action = action_of(command, arguments)
    if action is None:
        panel.say("trouble", f"The panel does not know {command}.", "Run the cell again.")
        return
    worker.submit(panel, f"{command.capitalize()} {arguments.get('service', '')}".strip(), action)


def action_of(command: str, arguments: dict[str, Any]) -> Action | None:
    """What a command does; None for one that the panel does not have."""
    service = str(arguments.get("service", ""))
    if command in BY_HAND:
        return lambda: _service_fault(command, service)
    if command == "undo":
        return lambda: _undo(str(arguments.get("key", "")))
    return {"slow": _slow, "poison": _poison, "heal": _undo_all}.get(command)


def _service_fault(command: str, service: str) -> str:
    _active.inject(f"{command} {service}", lambda: BY_HAND[command](service))
    return f"{service} is {SAID[command]}."


def _slow() -> str:
    road = relay()
    if not road.open_connections:
        raise LearnerError(
            "No device's network leads through the relay now.",
            "Stop your own fleet with its stop(), then show fleet_panel(): the panel's own fleet goes through it.",
        )
    _active.inject("slow network", lambda: Slow(road, SLOW_S))
    return f"Everything between the fleet and the proxy takes {SLOW_S} s longer each way."


def _poison() -> str:
    _active.inject("poison", lambda: Poison(load()))
    return f"{len(Poison.RECORDS)} unreadable records are in the topic: look for them in the dead-letter view."


def _undo(key: str) -> str:
    _active.undo(key)
    return f"Undone: {key}."


def _undo_all() -> str:
    return undo_all(_active)


def undo_all(active: ActiveFaults) -> str:
    """Put right whatever can be. Raises LabError naming what could not, after the rest is undone."""
    undone, failed = [], []
    for key in list(active.faults):
        try:
            active.undo(key)
            undone.append(key)
        except Exception as error:  # noqa: BLE001 - one that cannot be undone must not keep the others
            failed.append(f"{key} ({explain(error)})")
    said = f"Undone: {', '.join(undone)}." if undone else "Nothing was undone."
    if failed:
        raise LabError(
            f"{said} Still active: {', '.join(failed)}.", "Look at ./workshop status; then undo them once more."
        )
    return said if undone else "No fault is active: there is nothing to undo."
