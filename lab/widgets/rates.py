"""Counters to rates, and the words panels use for numbers. Pure: time comes in as an argument."""

from __future__ import annotations

from collections import deque
from math import isfinite

WINDOW = 6.0
"""Seconds over which a rate is taken: short enough to show a change, long enough to be steady."""


class Rates:
    """Rate per second of named counters."""

    def __init__(self, window: float = WINDOW) -> None:
        self._window = window
        self._seen: dict[str, deque[tuple[float, float]]] = {}

    def rate(self, name: str, total: float | None, now: float) -> float | None:
        """Growth per second over the window; None until two samples are there or when the total is unknown.

        A total that falls (a restarted service, a recreated topic) starts the counter from scratch.
        """
        seen = self._seen.setdefault(name, deque())
        if total is None:
            seen.clear()
            return None
        if seen and total < seen[-1][1]:
            seen.clear()
        if not seen or now > seen[-1][0]:
            seen.append((now, total))
        while len(seen) > 2 and seen[1][0] <= now - self._window:
            seen.popleft()
        (start, first), (end, last) = seen[0], seen[-1]
        return (last - first) / (end - start) if end > start else None


def number_of(value: object) -> float | None:
    """The value as a number that a browser can read; None when it is a text, infinite or anything else."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def say_rate(rate: float | None) -> str:
    """A rate for people: `1,000/s`, `0.4/s`, `-` when unknown."""
    if rate is None:
        return "-"
    if 0 < rate < 9.95:
        return f"{rate:.1f}/s"
    return f"{rate:,.0f}/s"


def say_count(count: int | None) -> str:
    """A count for people, `-` when unknown."""
    return "-" if count is None else f"{count:,}"


def say_lag(behind: int | None) -> str:
    """How far a reader is behind, for people."""
    return "lag unknown" if behind is None else f"lag {behind:,}"


def say_age(seconds: float) -> str:
    """How long ago, in the coarsest unit that still tells."""
    seconds = max(0.0, seconds)
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 2 * 86_400 else f"{seconds / 86_400:.0f} days"
