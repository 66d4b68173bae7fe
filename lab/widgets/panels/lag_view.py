"""The lag view: how far a consumer group is behind, over time, with its rebalances marked."""

from __future__ import annotations

import time
from typing import Any

from lab.widgets.kernel_panels import live
from lab.widgets.lag_snapshot import LagComposer
from lab.widgets.panel import Panel
from lab.widgets.panels.pipeline_map import pipeline_names
from lab.widgets.sources import kafka


class LagView(Panel):
    """Draws a snapshot of `lab.widgets.lag_snapshot`."""

    source = "lag_view"

    def figure(self) -> Any:
        """A static plotly figure (7 KB) of the last five minutes: keep it in the notebook, compare two experiments."""
        import plotly.graph_objects as go

        points = self.snapshot.get("history", [])
        chart = go.Figure(
            go.Scatter(x=[at for at, _ in points], y=[value for _, value in points], mode="lines", name="lag")
        )
        for at, text in self.snapshot.get("marks", []):
            chart.add_vline(x=at, line_dash="dot", annotation_text=text.split(";")[0])
        return chart.update_layout(
            title=f"Lag of {self.snapshot.get('group', 'the group')}",
            xaxis_title="seconds before now",
            yaxis_title="records",
            yaxis_rangemode="tozero",
        )


def make(group: str | None) -> LagView:
    """This kernel's lag view of a group."""
    wanted = group or f"connect-{pipeline_names().sink}"
    return live().panel(f"lag view {wanted}", lambda name: _new(name, wanted))


def _new(name: str, wanted: str) -> LagView:
    held, panel = live(), LagView(heading=f"Lag of {wanted}")
    polled = held.poller.poll(f"group {wanted}", lambda: kafka.Group(wanted))
    drawn = LagComposer(wanted)
    held.show(name, panel, lambda: drawn.compose(polled.latest, time.time()))
    return panel
