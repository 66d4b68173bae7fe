"""How long work says what it is doing: one callable that takes a line.

A line is `what` or `what: how far`. Lines that share `what` are one step, so a terminal rewrites that step
and ticks it off when the next one begins.
"""

from __future__ import annotations

from typing import Protocol


class Report(Protocol):
    """Takes one line of progress."""

    def __call__(self, line: str, /) -> object: ...


def quiet(line: str, /) -> None:
    """The report when nobody watches."""
