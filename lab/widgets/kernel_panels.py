"""What this kernel holds for its panels: one poller, a worker, each panel once by name."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from lab.widgets.panel import Panel
from lab.widgets.poller import Delivery, Poller
from lab.widgets.worker import Worker

P = TypeVar("P", bound=Panel)
FIRST_SNAPSHOT = 4.0
"""Seconds until a panel has seen every service at least once, so that its static snapshot is worth keeping."""
SNAPSHOT_EVERY = 60.0
"""Seconds between renewals of the static snapshot; each makes the notebook unsaved."""


class KernelPanels:
    """Pump, worker and panels of one kernel."""

    def __init__(self) -> None:
        self.poller = Poller()
        self.worker = Worker()
        self._panels: dict[str, Panel] = {}
        self._ends: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def panel(self, name: str, make: Callable[[str], P]) -> P:
        """The panel of that name; `make(name)` makes it and shows something in it, once, on first need."""
        with self._lock:
            if name not in self._panels:
                self._panels[name] = make(name)
            return self._panels[name]

    def show(self, name: str, panel: Panel, compose: Callable[[], dict[str, Any]], every: float = 1.0) -> None:
        """Feed the panel from `compose` every so many seconds, and keep its static snapshot fresh."""
        self.poller.attach(name, Delivery(compose, panel.feed, every, say=panel.say))
        snapshot = Delivery(dict, lambda _nothing: panel.freeze(), SNAPSHOT_EVERY)
        snapshot.due = self.poller.soon(FIRST_SNAPSHOT)
        self.poller.attach(f"{name} snapshot", snapshot)

    def at_stop(self, end: Callable[[], None]) -> None:
        """Call `end` when the threads stop."""
        self._ends.append(end)

    def stop(self) -> None:
        """Stop the threads; panels keep their last picture."""
        self.poller.stop()
        self.worker.stop()
        for end in self._ends:
            end()

    def say_stopped(self) -> None:
        """Tell every panel that it is one no longer: it takes no more commands."""
        with self._lock:
            for panel in self._panels.values():
                panel.stop()


_lock = threading.Lock()
_live: KernelPanels | None = None


def live() -> KernelPanels:
    """The holder of this process, made on first need and stopped at its end."""
    global _live  # noqa: PLW0603 - one per kernel is the point
    with _lock:
        if _live is None:
            _live = KernelPanels()
            atexit.register(_end)
        return _live


def stop() -> None:
    """Stop this process's threads, if any run, and say so in the panels; the next panel starts them again."""
    held = _end()
    if held is not None:
        held.say_stopped()


def _end() -> KernelPanels | None:
    """Stop the threads in silence: at the end of a process nobody hears its panels."""
    global _live
    with _lock:
        held, _live = _live, None
    if held is not None:
        held.stop()
    return held
