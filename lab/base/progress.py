"""How long work says what it is doing: one callable that takes a line.

A line is `what` or `what: how far`. Lines that share `what` are one step, so a terminal rewrites that step
and ticks it off when the next one begins. A line that begins with NOTE is no step: it is shown whole, as a warning.
"""

from __future__ import annotations

from typing import Protocol

NOTE = "Note: "


class Report(Protocol):
    """Takes one line of progress."""

    def __call__(self, line: str, /) -> object: ...


def quiet(line: str, /) -> None:
    """The report when nobody watches."""
