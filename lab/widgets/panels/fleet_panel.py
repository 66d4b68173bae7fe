"""The fleet panel: generators on a map and in a table, with their load, fuel and network in the learner's hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import traitlets

from lab.base.errors import LabError, LearnerError
from lab.fleet.limits import some
from lab.widgets.files import HERE
from lab.widgets.fleet_owner import FleetOwner
from lab.widgets.fleet_snapshot import FleetComposer
from lab.widgets.kernel_panels import live
from lab.widgets.panel import Panel
from lab.widgets.panels.pipeline_map import pipeline_names
from lab.widgets.poller import NOTHING_YET, PolledSource, Poller, Sample
from lab.widgets.sources import http, records
from lab.widgets.worker import Action, arguments_of

if TYPE_CHECKING:
    from lab.fleet.fleet import Fleet
    from lab.fleet.views import GeneratorView

DEPTH = 40
"""Newest records per partition to look for the followed generator in: enough at 1,000 readings/s from few devices."""
NOT_RUNNING = Sample(
    {}, "This fleet is not running.", "Call its start(), or fleet_panel() for a fleet of the panel's own."
)

_owner = FleetOwner()


@cache
def land() -> str:
    """The world's land as one SVG path, x in degrees east, y in degrees south. Source: Natural Earth, public domain."""
    return (HERE / "land.txt").read_text().replace("\n", "")


class FleetPanel(Panel):
    """Draws a snapshot of `lab.widgets.fleet_snapshot`; its commands are those of `COMMANDS`."""

    source = "fleet_panel"
    land = traitlets.Unicode().tag(sync=True)

    @property
    def fleet(self) -> Fleet | None:
        """The fleet that the panel drives; None while no stack runs."""
        return _owner.fleet


def make(fleet: Fleet | None) -> FleetPanel:
    """This kernel's fleet panel, driving `fleet`, or the one it had while that runs, or one of its own."""
    replaced = _owner.take(fleet)
    panel = live().panel("fleet panel", _new)
    if replaced is not None:
        live().worker.submit(panel, "Stopping the panel's own fleet", lambda: _stop(replaced))
    return panel


def _stop(own: Fleet) -> str:
    own.stop(drain=0.0)
    return "The panel drives the given fleet now; its own has stopped."


def _new(name: str) -> FleetPanel:
    held, panel = live(), FleetPanel(heading="Fleet", land=land())
    composer = FleetComposer(pipeline_names())
    panel.on_command = lambda name, arguments: command(panel, composer, name, arguments)
    polled = _polled(held.poller, composer)
    influx = polled["influxd"].source

    def compose() -> dict[str, Any]:
        if isinstance(influx, http.Buckets):
            influx.follow = composer.followed
        views, fleet = _seen()
        samples = {"fleet": fleet, **{key: one.latest for key, one in polled.items()}}
        return composer.compose(views, samples, time.time())

    held.at_stop(_owner.end)
    held.show(name, panel, compose, every=0.5)
    return panel


def _polled(poller: Poller, composer: FleetComposer) -> dict[str, PolledSource]:
    names = composer.names
    return {
        "proxy": poller.poll("proxy", http.Proxy),
        "readings": poller.poll(f"tail {names.readings}", lambda: records.Tail(names.readings, DEPTH)),
        "alarms": poller.poll(f"tail {names.alarms}", lambda: records.Tail(names.alarms, DEPTH)),
        "statuses": poller.poll("statuses", records.Statuses),
        "influxd": poller.poll("influxd", http.Buckets),
    }


def _seen() -> tuple[Sequence[GeneratorView], Sample]:
    """The driven fleet as it is now, and what keeps it from running, if anything."""
    try:
        fleet = _owner.begin()
    except LabError as error:
        return [], Sample({}, error.cause, error.remedy)
    return fleet.snapshot(), NOTHING_YET if fleet.running else NOT_RUNNING


def command(panel: FleetPanel, composer: FleetComposer, name: str, arguments: dict[str, Any]) -> None:
    """Hand one command to the worker; following another generator needs no service and is done at once."""
    if name == "follow":
        _follow(panel, composer, str(arguments.get("id", "")))
    elif name in COMMANDS:
        doing, act = COMMANDS[name]
        live().worker.submit(panel, doing, _action(act, arguments))
    else:
        panel.say("trouble", f"The panel does not know {name}.", "Run the cell again.")


def _follow(panel: FleetPanel, composer: FleetComposer, name: str) -> None:
    names = panel.fleet.names if panel.fleet is not None else []
    if name in names:
        composer.followed = name
        panel.say("done", f"Following {name}.")
    else:
        panel.say("trouble", f"There is no generator {name!r} in this fleet.", f"Choose among {some(names)}.")


def _action(act: Callable[[Fleet, Mapping[str, Any]], str], arguments: Mapping[str, Any]) -> Action:
    return lambda: act(_owner.begin(), arguments)


def _set_load(fleet: Fleet, arguments: Mapping[str, Any]) -> str:
    name, percent = arguments_of(dict(arguments), "id", "percent")
    fleet.set_load(name, float(percent))
    return f"{name} was asked for {float(percent):.0f} % load and follows. Watch the reading travel."


def _refuel(fleet: Fleet, arguments: Mapping[str, Any]) -> str:
    (name,) = arguments_of(dict(arguments), "id")
    fleet.refuel(name)
    return f"{name} has a full tank."


def _cut(fleet: Fleet, arguments: Mapping[str, Any]) -> str:
    (name,) = arguments_of(dict(arguments), "id")
    connected = any(view.connected for view in fleet.snapshot() if view.generatorID == name)
    fleet.cut(name)
    if not connected:
        return f"{name} had no connection, and makes none until you restore it."
    return f"{name} lost its network without a goodbye: the proxy publishes its last will, offline."


def _restore(fleet: Fleet, arguments: Mapping[str, Any]) -> str:
    (name,) = arguments_of(dict(arguments), "id")
    fleet.restore(name)
    return f"{name} may connect again; once it is connected, what it kept follows."


def _add(fleet: Fleet, _arguments: Mapping[str, Any]) -> str:
    return f"{fleet.add()} joined the fleet."


def _remove(fleet: Fleet, arguments: Mapping[str, Any]) -> str:
    (name,) = arguments_of(dict(arguments), "id")
    if len(fleet.names) == 1:
        raise LearnerError(f"{name} is the last generator.", "Add another one first.")
    fleet.remove(name)
    return f"{name} left the fleet."


COMMANDS: dict[str, tuple[str, Callable[[Any, Mapping[str, Any]], str]]] = {
    "set_load": ("Setting the load", _set_load),
    "refuel": ("Filling the tank", _refuel),
    "cut": ("Cutting the network", _cut),
    "restore": ("Giving the network back", _restore),
    "add": ("Adding a generator", _add),
    "remove": ("Removing the generator", _remove),
}
