"""The replica view: who leads each partition of a topic, who copies it, who fell behind."""

from __future__ import annotations

import time

from lab.widgets.event_log import EventLog
from lab.widgets.kernel_panels import live
from lab.widgets.panel import Panel
from lab.widgets.panels.pipeline_map import pipeline_names
from lab.widgets.sources import kafka
from lab.widgets.topic_views import replicas


class ReplicaView(Panel):
    """Draws a snapshot of `lab.widgets.topic_views.replicas`."""

    source = "replica_view"


def make(topic: str | None) -> ReplicaView:
    """This kernel's replica view of a topic."""
    wanted = topic or pipeline_names().readings
    return live().panel(f"replica view {wanted}", lambda name: _new(name, wanted))


def _new(name: str, wanted: str) -> ReplicaView:
    held, panel = live(), ReplicaView(heading=f"Replicas of {wanted}")
    polled = held.poller.poll(f"cluster {wanted}", lambda: kafka.Cluster(wanted))
    event_log = EventLog()
    held.show(name, panel, lambda: replicas(wanted, polled.latest, event_log, time.time()))
    return panel
