"""The pipeline map: one live picture of every hop."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from lab.base.addresses import load
from lab.base.errors import LabError
from lab.base.names import Names
from lab.base.settings import settings
from lab.widgets.kernel_panels import live
from lab.widgets.map_snapshot import MapComposer
from lab.widgets.panel import Panel
from lab.widgets.poller import Poller
from lab.widgets.sources import http, kafka

HEADING = "Pipeline map"
STACK_EVERY_S = 10.0
"""The map asks the supervisor for its remedies alone, so seldom."""


class PipelineMap(Panel):
    """Draws a snapshot of `lab.widgets.map_snapshot`."""

    source = "pipeline_map"


def make() -> PipelineMap:
    """This kernel's map, fed from now on."""
    return live().panel("pipeline map", _new)


def _new(name: str) -> PipelineMap:
    held, panel = live(), PipelineMap(heading=HEADING)
    held.show(name, panel, composer(held.poller))
    return panel


def composer(poller: Poller) -> Callable[[], dict[str, Any]]:
    """A function that composes the map's newest snapshot from what the poller sampled."""
    names = pipeline_names()
    sink = f"connect-{names.sink}"
    polled = {
        "kafka": poller.poll("cluster", kafka.Cluster),
        "sink group": poller.poll(f"group {sink}", lambda: kafka.Group(sink)),
        "dispatchers": poller.poll(f"group {names.dispatchers}", lambda: kafka.Group(names.dispatchers)),
        "connect": poller.poll("connect", http.Connectors),
        "influxd": poller.poll("influxd", http.Buckets),
        "proxy": poller.poll("proxy", http.Proxy),
        "stack": poller.poll("stack for remedies", lambda: http.Stack(every=STACK_EVERY_S)),
    }
    drawn = MapComposer(names)
    return lambda: drawn.compose({key: polled.latest for key, polled in polled.items()}, time.time())


def pipeline_names() -> Names:
    """Names of the running stack; of the settings while none runs, so that a panel can open first."""
    try:
        return load().names
    except LabError:
        return Names(settings().namespace)
