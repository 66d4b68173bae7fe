"""The dead-letter view: the records that the sink refused, and why."""

from __future__ import annotations

from lab.widgets.live import live
from lab.widgets.panel import Panel
from lab.widgets.pipeline_map import pipeline_names
from lab.widgets.sources import records
from lab.widgets.topic_views import LETTERS, dead_letters

NAME = "dead-letter view"


class DeadLetterView(Panel):
    """Draws a snapshot of `lab.widgets.topic_views.dead_letters`."""

    source = "dead_letter_view"


def make() -> DeadLetterView:
    """This kernel's dead-letter view."""
    topic = pipeline_names().dead_letters
    held = live()
    panel = held.panel(NAME, lambda: DeadLetterView(heading="Dead letters"))
    feed = held.pump.feed(f"letters {topic}", lambda: records.Tail(topic, depth=LETTERS))
    held.show(NAME, panel, lambda: dead_letters(topic, feed.fact))
    return panel
