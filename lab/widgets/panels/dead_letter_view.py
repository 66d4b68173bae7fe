"""The dead-letter view: the records that the sink refused, and why."""

from __future__ import annotations

from lab.widgets.live import live
from lab.widgets.panel import Panel
from lab.widgets.panels.pipeline_map import pipeline_names
from lab.widgets.sources import records
from lab.widgets.topic_views import LETTERS, dead_letters


class DeadLetterView(Panel):
    """Draws a snapshot of `lab.widgets.topic_views.dead_letters`."""

    source = "dead_letter_view"


def make() -> DeadLetterView:
    """This kernel's dead-letter view."""
    return live().panel("dead-letter view", _new)


def _new(name: str) -> DeadLetterView:
    topic, held = pipeline_names().dead_letters, live()
    panel = DeadLetterView(heading="Dead letters")
    feed = held.pump.feed(f"letters {topic}", lambda: records.Tail(topic, depth=LETTERS))
    held.show(name, panel, lambda: dead_letters(topic, feed.fact))
    return panel
