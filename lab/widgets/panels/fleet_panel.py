"""The fleet panel: generators on a map and in a table, with their load, fuel and network in the learner's hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import traitlets

from lab.addresses import load
from lab.errors import LearnerError
from lab.widgets.files import HERE
from lab.widgets.fleet_snapshot import FleetComposer
from lab.widgets.live import live
from lab.widgets.network import through_relay
from lab.widgets.panel import Panel
from lab.widgets.panels.pipeline_map import pipeline_names
from lab.widgets.sources import http, records
from lab.widgets.worker import Action, arguments_of

if TYPE_CHECKING:
    from lab.fleet.fleet import Fleet

GENERATORS = 5
INTERVAL_S = 1.0
"""The panel's own fleet: one reading a second each, so that a learner can follow every one."""
DEPTH = 40
"""Newest records per partition to look for the followed generator in: enough at 1,000 readings/s from few devices."""


@cache
def land() -> str:
    """The world's land as one SVG path, x in degrees east, y in degrees south. Source: Natural Earth, public domain."""
    return (HERE / "land.txt").read_text().replace("\n", "")


class FleetPanel(Panel):
    """Draws a snapshot of `lab.widgets.fleet_snapshot`; its commands are those of `COMMANDS`."""

    source = "fleet_panel"
    land = traitlets.Unicode().tag(sync=True)
    fleet: Fleet | None = None
    """The fleet that the panel drives."""


def make(fleet: Fleet | None) -> FleetPanel:
    """This kernel's fleet panel, driving `fleet`, or the fleet it had, or one of its own."""
    panel = live().panel("fleet panel", lambda name: _new(name, fleet or own_fleet()))
    if fleet is not None:
        panel.fleet = fleet
    return panel


def _new(name: str, fleet: Fleet) -> FleetPanel:
    held, panel = live(), FleetPanel(heading="Fleet", land=land())
    panel.fleet = fleet
    composer = FleetComposer(pipeline_names())
    panel.on_command = lambda name, arguments: command(panel, composer, name, arguments)
    feeds = {
        "readings": held.pump.feed(
            f"tail {composer.names.readings}", lambda: records.Tail(composer.names.readings, DEPTH)
        ),
        "alarms": held.pump.feed(f"tail {composer.names.alarms}", lambda: records.Tail(composer.names.alarms, DEPTH)),
        "statuses": held.pump.feed("statuses", records.Statuses),
        "influxd": held.pump.feed("influxd", http.Influx),
    }
    influx = feeds["influxd"].source

    def compose() -> dict[str, Any]:
        if isinstance(influx, http.Influx):
            influx.follow = composer.followed
        driven = panel.fleet
        views = driven.snapshot() if driven is not None else []
        return composer.compose(views, {key: feed.fact for key, feed in feeds.items()}, time.time())

    held.show(name, panel, compose, every=0.5)
    return panel


def own_fleet() -> Fleet:
    """A small fleet, started. Raises LearnerError when no stack runs."""
    from lab.fleet.fleet import Fleet

    return Fleet(through_relay(load()), generators=GENERATORS, interval=INTERVAL_S).start()


def command(panel: FleetPanel, composer: FleetComposer, name: str, arguments: dict[str, Any]) -> None:
    """Hand one command to the worker; following another generator needs no service and is done at once."""
    if name == "follow":
        composer.followed = str(arguments.get("id", composer.followed))
        return
    if name not in COMMANDS or panel.fleet is None:
        panel.say("trouble", f"The panel does not know {name}.", "Run the cell again.")
        return
    doing, act = COMMANDS[name]
    fleet = panel.fleet
    live().worker.submit(panel, doing, _action(act, fleet, arguments))


def _action(act: Callable[[Fleet, Mapping[str, Any]], str], fleet: Fleet, arguments: Mapping[str, Any]) -> Action:
    return lambda: act(fleet, arguments)


def _set_load(fleet: Fleet, arguments: Mapping[str, Any]) -> str:
    name, percent = arguments_of(dict(arguments), "id", "percent")
    fleet.set_load(name, float(percent))
    return f"{name} now works at {float(percent):.0f} % load. Watch the reading travel."


def _refuel(fleet: Fleet, arguments: Mapping[str, Any]) -> str:
    (name,) = arguments_of(dict(arguments), "id")
    fleet.refuel(name)
    return f"{name} has a full tank."


def _cut(fleet: Fleet, arguments: Mapping[str, Any]) -> str:
    (name,) = arguments_of(dict(arguments), "id")
    fleet.cut(name)
    return f"{name} lost its network without a goodbye: the proxy publishes its last will, offline."


def _restore(fleet: Fleet, arguments: Mapping[str, Any]) -> str:
    (name,) = arguments_of(dict(arguments), "id")
    fleet.restore(name)
    return f"{name} has its network back; what it kept follows."


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
