"""The dead-letter view: the records that the sink refused, and why."""

from __future__ import annotations

from lab.widgets.kernel_panels import live
from lab.widgets.panel import Panel
from lab.widgets.panels.pipeline_map import pipeline_names
from lab.widgets.sources import records
from lab.widgets.topic_views import LETTERS, dead_letters


class DeadLetterView(Panel):
    """Draws a snapshot of `lab.widgets.topic_views.dead_letters`."""

    source = "dead_letter_view"


def make(topic: str | None) -> DeadLetterView:
    """This kernel's view of that dead-letter topic; the pipeline's when not given."""
    wanted = topic or pipeline_names().dead_letters
    return live().panel(f"dead-letter view {wanted}", lambda name: _new(name, wanted))


def _new(name: str, topic: str) -> DeadLetterView:
    held = live()
    panel = DeadLetterView(heading="Dead letters")
    polled = held.poller.poll(f"letters {topic}", lambda: records.Tail(topic, depth=LETTERS))
    held.show(name, panel, lambda: dead_letters(topic, polled.latest))
    return panel
