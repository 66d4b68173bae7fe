"""The one thread of a kernel that carries out what panels ask for.

The queue is bounded: a learner who clicks faster than a service answers is told so instead of piling up work.
Nothing here prints; every outcome goes back to the panel that asked.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, Protocol

from lab.errors import LabError
from lab.widgets.trouble import explain

log = logging.getLogger(__name__)
WAITING = 32
"""Commands that may wait; a hand cannot click more in the seconds that the slowest one takes."""
Action = Callable[[], str]


class Speaker(Protocol):
    """A panel as the worker sees it."""

    def say(self, level: str, text: str, remedy: str = "") -> None: ...


class Worker:
    """Runs actions one after another; each returns the sentence that says what was done."""

    def __init__(self) -> None:
        self._queue: queue.Queue[tuple[Speaker, str, Action] | None] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def submit(self, panel: Speaker, doing: str, action: Action) -> None:
        """Carry out `action` soon and tell the panel: first `doing`, then what came of it."""
        self._ensure()
        try:
            self._queue.put_nowait((panel, doing, action))
        except queue.Full:
            panel.say("trouble", "Too many commands are waiting.", "Wait until the last one is done, then try again.")

    def stop(self) -> None:
        """End after the command at hand; what waits is dropped."""
        with self._lock:
            thread, self._thread = self._thread, None
        while thread is not None:
            try:
                self._queue.put_nowait(None)
                break
            except queue.Full:
                self._queue.get_nowait()

    def _ensure(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="widgets-worker", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            carry_out(*item)


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
