"""The threads of a kernel that carry out what panels ask for: one for each kind of panel.

A service that hangs holds up the panel that asked it, and no other. The queues are bounded: a learner who clicks faster
than a service answers is told so instead of piling up work. Nothing here prints; every outcome goes back to the panel
that asked.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from lab.base.errors import LabError
from lab.widgets.failures import explain

log = logging.getLogger(__name__)
WAITING = 32
"""Commands of one kind of panel that may wait; a hand cannot click more in the seconds that the slowest one takes."""
Action = Callable[[], str]


class Speaker(Protocol):
    """A panel as the worker sees it."""

    def say(self, level: str, text: str, remedy: str = "") -> None: ...


class Worker:
    """Runs the actions of each kind of panel one after another; each returns the sentence that says what was done."""

    def __init__(self) -> None:
        self._lanes: dict[type[Speaker], Lane] = {}
        self._lock = threading.Lock()

    def submit(self, panel: Speaker, doing: str, action: Action) -> None:
        """Carry out `action` soon and tell the panel: first `doing`, then what came of it."""
        kind = type(panel)
        with self._lock:
            lane = self._lanes[kind] = self._lanes.get(kind) or Lane()
        lane.submit(panel, doing, action)

    def stop(self) -> None:
        """End after the commands at hand; what waits is dropped."""
        with self._lock:
            lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            lane.stop()


class Lane:
    """One thread and the actions that wait for it."""

    def __init__(self) -> None:
        self._queue: queue.Queue[tuple[Speaker, str, Action] | None] = queue.Queue(WAITING)
        self._at_work = ""
        threading.Thread(target=self._run, name="widgets-worker", daemon=True).start()

    def submit(self, panel: Speaker, doing: str, action: Action) -> None:
        """Queue it; a panel that must wait is told for what."""
        if before := self._at_work:
            panel.say("busy", f"{doing}: waits until this is done: {before}")
        try:
            self._queue.put_nowait((panel, doing, action))
        except queue.Full:
            panel.say("trouble", "Too many commands are waiting.", "Wait until the last one is done, then try again.")

    def stop(self) -> None:
        """End after the command at hand; what waits is dropped."""
        while True:
            try:
                self._queue.put_nowait(None)
                return
            except queue.Full:
                with suppress(queue.Empty):
                    self._queue.get_nowait()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            self._at_work = item[1]
            carry_out(*item)
            self._at_work = ""


def carry_out(panel: Speaker, doing: str, action: Action) -> None:
    """Run one action and report to its panel; trouble becomes a cause and a remedy."""
    panel.say("busy", doing)
    try:
        panel.say("done", action())
    except LabError as error:
        panel.say("trouble", error.cause, error.remedy)
    except Exception as error:
        log.debug("command failed", exc_info=True)
        panel.say("trouble", f"{doing} failed: {explain(error)}", "Look at ./workshop status, then try again.")


def arguments_of(arguments: dict[str, Any], *names: str) -> list[Any]:
    """The named arguments of a command, in order. Raises ValueError naming one that is missing."""
    missing = [name for name in names if name not in arguments]
    if missing:
        raise ValueError(f"the panel sent no {missing[0]}")
    return [arguments[name] for name in names]
