"""Threads that sample services and give panels whole snapshots.

One thread per source, so that a service that hangs delays nobody else; one thread that composes and delivers. A
source that fails shows as down with a remedy and is opened again before it is asked again: the stack may have moved, or
InfluxDB may have another token. Threads are daemons: they end with the kernel.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from lab.base.addresses import Addresses, load
from lab.base.errors import LabError
from lab.widgets.failures import TROUBLE, explain

log = logging.getLogger(__name__)
TICK = 0.5
"""Seconds between deliveries: twice a second reads as live and costs little."""
PAUSE_AFTER_TROUBLE = 2.0
"""Seconds before a down service is asked again."""


class Source(Protocol):
    """Something to ask: opened on addresses, then sampled every `every` seconds."""

    service: str
    every: float

    def open(self, addresses: Addresses) -> None: ...
    def sample(self) -> dict[str, Any]: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Sample:
    """What a source last said. `value` stays the last good one while `cause` says why it is stale."""

    value: dict[str, Any]
    cause: str = ""
    remedy: str = ""
    at: float = 0.0

    @property
    def down(self) -> bool:
        return bool(self.cause)


NOTHING_YET = Sample({})


class PolledSource:
    """One source in its own thread; `latest` is the newest it said."""

    def __init__(self, source: Source, addresses: Callable[[], Addresses] = load) -> None:
        self.source = source
        self.latest = NOTHING_YET
        self._addresses = addresses
        self._opened = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"widgets-{source.service}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; it closes its source."""
        self._stop.set()

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            pause = self._once()
        self._close()

    def _once(self) -> float:
        """Sample once; seconds until the next time."""
        started = time.monotonic()
        try:
            self._open()
            self.latest = Sample(self.source.sample(), at=time.time())
            return max(0.1, self.source.every - (time.monotonic() - started))
        except LabError as error:
            self._down(error.cause, error.remedy)
        except Exception as error:  # noqa: BLE001 - a thread's traceback would land in whatever cell runs
            self._down(
                f"{self.source.service} does not answer: {explain(error)}",
                f"It may be starting. If this stays, see ./workshop logs {self.source.service}.",
            )
        return PAUSE_AFTER_TROUBLE

    def _open(self) -> None:
        """Open the source on the addresses of now, unless it is open and answers."""
        if self._opened and not self.latest.down:
            return
        self._close()
        addresses = self._addresses()
        self._opened = True  # even halfway: it is closed before the next try
        self.source.open(addresses)

    def _down(self, cause: str, remedy: str) -> None:
        log.debug("%s down: %s", self.source.service, cause)
        self.latest = Sample(self.latest.value, cause, remedy, self.latest.at)

    def _close(self) -> None:
        if self._opened:
            self._opened = False
            try:
                self.source.close()
            except (*TROUBLE, AttributeError):  # what was opened halfway has no client yet
                log.debug("%s did not close", self.source.service, exc_info=True)


Say = Callable[[str, str, str], None]
"""Takes a level (done, trouble), a text and its remedy, as `Panel.say` does."""


def standstill(error: Exception) -> tuple[str, str]:
    """Cause and remedy for a picture that could not be composed: a defect of ours, or data nobody thought of."""
    cause = f"what the services said could not be drawn ({type(error).__name__}: {explain(error)})"
    remedy = "It continues automatically when that changes. If this stays, restart the kernel and run the cell again."
    return f"This panel stopped updating: {cause}.", remedy


@dataclass
class Delivery:
    """A composed snapshot on its way to one taker, at most every `every` seconds."""

    compose: Callable[[], dict[str, Any]]
    deliver: Callable[[dict[str, Any]], None]
    every: float = TICK
    due: float = 0.0
    say: Say | None = None
    """Tells the taker that its panel stopped updating, and that it goes on."""
    trouble: str = ""
    """What was told last; empty while all is well."""

    def carry_out(self) -> None:
        """Compose and deliver. What goes wrong is told once, and so is its end."""
        try:
            self.deliver(self.compose())
        except Exception as error:
            log.debug("a panel could not be drawn", exc_info=True)
            self._tell("trouble", *standstill(error))
        else:
            if self.trouble:
                self._tell("done", "The picture goes on.", "")

    def _tell(self, level: str, text: str, remedy: str) -> None:
        if self.say is not None and text != self.trouble:
            self.trouble = text if level == "trouble" else ""
            self.say(level, text, remedy)


class Poller:
    """All sources and deliveries of one process."""

    def __init__(self, addresses: Callable[[], Addresses] = load) -> None:
        self._addresses = addresses
        self._polled: dict[str, PolledSource] = {}
        self._deliveries: dict[str, Delivery] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def poll(self, key: str, make: Callable[[], Source]) -> PolledSource:
        """The source of that key, polled and started on first need and shared by every panel."""
        with self._lock:
            if key not in self._polled:
                self._polled[key] = PolledSource(make(), self._addresses)
            return self._polled[key]

    def attach(self, name: str, delivery: Delivery) -> None:
        """Deliver from now on; an earlier delivery of that name is replaced."""
        with self._lock:
            self._deliveries[name] = delivery
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="widgets-poller", daemon=True)
                self._thread.start()

    @staticmethod
    def soon(seconds: float) -> float:
        """A time `seconds` from now on the clock that deliveries are due by."""
        return time.monotonic() + seconds

    def stop(self) -> None:
        """Stop every thread; panels keep their last picture."""
        self._stop.set()
        with self._lock:
            sources, self._polled = list(self._polled.values()), {}
            self._deliveries = {}
        for polled in sources:
            polled.stop()

    def _run(self) -> None:
        while not self._stop.wait(TICK):
            with self._lock:
                deliveries = list(self._deliveries.items())
            now = time.monotonic()
            for name, delivery in deliveries:
                if delivery.due <= now:
                    delivery.due = now + delivery.every - TICK / 2
                    self._deliver(name, delivery)

    def _deliver(self, name: str, delivery: Delivery) -> None:
        try:
            delivery.carry_out()
        except Exception:
            log.debug("panel %s could not be told", name, exc_info=True)
