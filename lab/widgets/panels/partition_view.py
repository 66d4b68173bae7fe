"""The partition view: which key lies in which partition of a topic, in which order."""

from __future__ import annotations

from lab.widgets.kernel_panels import live
from lab.widgets.panel import Panel
from lab.widgets.panels.pipeline_map import pipeline_names
from lab.widgets.sources import records
from lab.widgets.topic_views import partitions


class PartitionView(Panel):
    """Draws a snapshot of `lab.widgets.topic_views.partitions`."""

    source = "partition_view"


def make(topic: str | None) -> PartitionView:
    """This kernel's partition view of a topic."""
    wanted = topic or pipeline_names().readings
    return live().panel(f"partition view {wanted}", lambda name: _new(name, wanted))


def _new(name: str, wanted: str) -> PartitionView:
    held, panel = live(), PartitionView(heading=f"Partitions of {wanted}")
    polled = held.poller.poll(f"view {wanted}", lambda: records.Tail(wanted))
    seen: dict[str, int] = {}
    held.show(name, panel, lambda: partitions(wanted, polled.latest, seen))
    return panel
