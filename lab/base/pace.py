"""How fast this machine is, and so how long anything may take on it.

One number, the pace: how many times longer than the reference machine this one takes. `up` measures it from the starts
it makes anyway, stack.json keeps it, LAB_PACE overrides it. Every deadline that a person or a test can run into is
written for the reference machine (two cores; 20 million additions in a Python loop: 1.2 s) and goes through `allow`.
Times that a protocol fixes (sessions, keep-alive, task slots, back-off) do not.

Nothing here raises: without a number the pace is 1.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from lab.base.settings import settings

LEAST, MOST = 1.0, 8.0
"""Bounds: a fast machine gains nothing from short deadlines; beyond eight times slower, waiting helps nobody."""
SLOW = 1.5
"""From this pace on a person is told."""
UP_SECONDS = 6.0
"""What `up` takes on the reference machine when everything is downloaded and built."""
PROCESSES, ADDITIONS, REFERENCE_SECONDS = 3, 3_000_000, 0.3
"""The quick measure: as many loops side by side as there are brokers, and their time on the reference machine."""
TIMES = 3
"""How often it is taken; the quickest counts, so that a neighbour's short burst does not."""

_read: tuple[Path, int, float] = (Path(), 0, LEAST)
"""The last stack.json that was read, its time of change in nanoseconds, and its pace."""


class Stopwatch:
    """Times what `up` does anyway and compares each with the reference machine."""

    def __init__(self) -> None:
        self.factors: dict[str, float] = {}
        """Times slower than the reference machine, by what was done."""

    @contextmanager
    def time(self, what: str, reference: float) -> Iterator[None]:
        """Time the block, which takes `reference` seconds on the reference machine; one that raises does not count."""
        began = time.monotonic()
        yield
        self.factors[what] = (time.monotonic() - began) / reference

    def pace(self) -> float:
        """The pace so far, which LAB_PACE overrides.

        It is the middle one of what was timed, so that one cold disk or one log recovery does not decide. Where nothing
        was started, the quick measure is taken.
        """
        chosen = settings().pace
        if chosen is not None:
            return bounded(chosen)
        return bounded(median(self.factors.values())) if self.factors else measure_python()


def pace() -> float:
    """The pace of this machine: LAB_PACE, else what the stack of LAB_STATE measured, else 1."""
    chosen = settings()
    return bounded(chosen.pace) if chosen.pace is not None else _kept(chosen.state / "stack.json")


def allow(seconds: float) -> float:
    """How long something may take here for which the reference machine is allowed `seconds`."""
    return seconds * pace()


def allow_ms(seconds: float) -> int:
    """The same in whole milliseconds, as Kafka's clients want it."""
    return int(allow(seconds) * 1000)


def stop_after(seconds: float) -> Callable[[Any], bool]:
    """tenacity's stop_after_delay, with the pace of the moment it is asked."""
    return lambda state: (state.seconds_since_start or 0.0) >= allow(seconds)


def bounded(factor: float) -> float:
    """The factor within the bounds, rounded to a tenth; a number that is none counts as 1."""
    return round(min(max(factor, LEAST), MOST), 1) if factor == factor else LEAST  # noqa: PLR0124 - NaN differs from itself


def measure_python() -> float:
    """The pace by some Python processes that add side by side: a second on the reference machine.

    Wall time of several processes, so that missing cores and busy neighbours count and not only the processor's clock.
    """
    try:
        return bounded(min(_side_by_side() for _ in range(TIMES)) / REFERENCE_SECONDS)
    except OSError:
        return LEAST


def _side_by_side() -> float:
    """Seconds for the processes of the quick measure."""
    argv = (sys.executable, "-I", "-S", "-c", f"x = 0\nfor _ in range({ADDITIONS}): x += 1")
    began = time.perf_counter()
    running = [subprocess.Popen(argv) for _ in range(PROCESSES)]
    for process in running:
        process.wait()
    return time.perf_counter() - began


def words(factor: float) -> str:
    """What a person should know of this pace; empty while the machine is not slow."""
    if factor < SLOW:
        return ""
    return (
        f"This machine is about {factor:.1f} times slower than the reference machine: ./workshop up takes about "
        f"{factor * UP_SECONDS:.0f} s, and every deadline is {factor:.1f} times longer."
    )


def _kept(path: Path) -> float:
    """The pace in stack.json, read again when the file has changed."""
    global _read  # noqa: PLW0603 - one process has one stack; the cache is what makes `allow` cheap
    try:
        changed = path.stat().st_mtime_ns
        if _read[:2] != (path, changed):
            _read = (path, changed, bounded(float(json.loads(path.read_bytes()).get("pace", LEAST))))
    except (OSError, ValueError, TypeError, AttributeError):
        return LEAST
    return _read[2]
