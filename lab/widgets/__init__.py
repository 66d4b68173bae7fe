"""Live panels for the lessons: put a call as the last line of a cell and the panel shows.

Each function returns in under a second, with the panel still empty; a poller thread of this kernel fills it
about once a second and stops with the kernel. Calling a function again gives the same panel, so re-running a
cell never starts a second one. A panel asks for nothing but a running stack: a service that is gone shows as
down, with its remedy, and comes back automatically.

    from lab import widgets
    widgets.pipeline_map()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.fleet.fleet import Fleet
    from lab.widgets.panels.connector_panel import ConnectorPanel
    from lab.widgets.panels.dead_letter_view import DeadLetterView
    from lab.widgets.panels.fault_panel import FaultPanel
    from lab.widgets.panels.fleet_panel import FleetPanel
    from lab.widgets.panels.lag_view import LagView
    from lab.widgets.panels.partition_view import PartitionView
    from lab.widgets.panels.pipeline_map import PipelineMap
    from lab.widgets.panels.replica_view import ReplicaView
    from lab.widgets.panels.task_form import TaskForm

__all__ = [
    "connector_panel",
    "dead_letter_view",
    "fault_panel",
    "fleet_panel",
    "lag_view",
    "partition_view",
    "pipeline_map",
    "replica_view",
    "stop",
    "task_form",
]


def pipeline_map() -> PipelineMap:
    """The whole pipeline in one live picture: every hop with its rate (records per second) and its health."""
    from lab.widgets.panels.pipeline_map import make

    return make()


def fleet_panel(fleet: Fleet | None = None) -> FleetPanel:
    """Drive a fleet: load, fuel, network; add and remove generators; see one reading arrive at every hop.

    Given a fleet, the panel drives that one. With no `fleet` it goes on with the one that it was given, as long as that
    runs; or else it makes and starts one of its own: five generators, one reading per second each, ten simulated
    seconds per second. Its own fleet stops when another one is given, with stop(), and with the kernel. The panel's
    attribute `fleet` is the one that it drives.
    """
    from lab.widgets.panels.fleet_panel import make

    return make(fleet)


def partition_view(topic: str | None = None) -> PartitionView:
    """Which key lies in which partition of `topic`, in which order; the topic of readings when not given."""
    from lab.widgets.panels.partition_view import make

    return make(topic)


def lag_view(group: str | None = None) -> LagView:
    """Lag of a consumer group over the last five minutes, in records per partition, with its rebalances marked.

    The sink connector's group when not given. `lag_view(...).figure()` gives a static plotly figure of it.
    """
    from lab.widgets.panels.lag_view import make

    return make(group)


def replica_view(topic: str | None = None) -> ReplicaView:
    """Leader, followers and in-sync replicas of each partition of `topic`; the topic of readings when not given."""
    from lab.widgets.panels.replica_view import make

    return make(topic)


def connector_panel(name: str | None = None) -> ConnectorPanel:
    """State, tasks and errors of a connector, with pause, resume and restart; the sink when not given."""
    from lab.widgets.panels.connector_panel import make

    return make(name)


def dead_letter_view(topic: str | None = None) -> DeadLetterView:
    """The newest records that a sink refused, each with the reason in its headers.

    `topic` is its dead-letter topic; that of the pipeline's sink when not given.
    """
    from lab.widgets.panels.dead_letter_view import make

    return make(topic)


def task_form() -> TaskForm:
    """Write, check, schedule, run and watch an InfluxDB task, as in InfluxDB's own form."""
    from lab.widgets.panels.task_form import make

    return make()


def fault_panel() -> FaultPanel:
    """Break a service on purpose, and undo it with one button."""
    from lab.widgets.panels.fault_panel import make

    return make()


def stop() -> None:
    """Stop every panel's poller of this kernel; the panels keep their last snapshot."""
    from lab.widgets.kernel_panels import stop as stop_live

    stop_live()
