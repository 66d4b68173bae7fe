"""The fleet that this kernel's fleet panel drives: the learner's, or else one of the panel's own.

There is never more than one of its own, in whatever notebook, and none beside the learner's: their generators bear the
same names, and the proxy ends a connection when another one comes with its name.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Self

from lab.base.addresses import load, stack_file
from lab.base.errors import LabError, LearnerError
from lab.fleet.fleet import DRAIN_S, Fleet
from lab.widgets.network import through_relay

GENERATORS = 5
INTERVAL_S = 1.0
"""One reading a second each, so that a learner can follow every one."""
SPEEDUP = 10.0
"""Simulated seconds per second: a load follows its slider with a time constant of 6 s, and a full tank at half load
lasts five hours."""


class OwnFleet(Fleet):
    """A fleet of the panel's own. While it runs it holds a lock of the stack, which goes with its process."""

    _lease: IO[str] | None = None

    def start(self) -> Self:
        """Begin. Raises LearnerError when another notebook's panel has such a fleet."""
        if not self.running:
            self._lease = _lease()
        return super().start()

    def stop(self, drain: float = DRAIN_S) -> bool:
        try:
            return super().stop(drain)
        finally:
            if self._lease is not None:
                self._lease.close()


def _lease() -> IO[str]:
    file = stack_file().with_name("fleet-panel.lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise LearnerError(
            "The fleet panel of another notebook drives these generators.",
            "Run widgets.stop() there or shut its kernel down: this panel then begins automatically.",
        ) from None
    return file


def own_fleet() -> Fleet:
    """A small fleet, started. Raises LearnerError when no stack runs, or another notebook has such a fleet."""
    return OwnFleet(through_relay(load()), generators=GENERATORS, interval=INTERVAL_S, speedup=SPEEDUP).start()


class FleetOwner:
    """`fleet` is the one that is driven now, if any; from take() to end() there can be one of the panel's own."""

    def __init__(self, make: Callable[[], Fleet] = own_fleet) -> None:
        """`make` makes and starts the panel's own fleet."""
        self.fleet: Fleet | None = None
        self._own: Fleet | None = None
        self._make = make
        self._open = False
        self._lock = threading.Lock()

    def take(self, fleet: Fleet | None) -> Fleet | None:
        """Drive `fleet`; without one go on with the one so far while it runs, or else begin one of the panel's own.

        Returns the panel's own fleet when it was replaced: the caller stops it.
        """
        with self._lock:
            self._open = True
            self.fleet = fleet or _running(self.fleet)
            replaced = None if self._own is self.fleet else self._own
            if replaced is not None:
                self._own = None
        with suppress(LabError):  # the panel says why, and begins one as soon as that is possible
            self.begin()
        return replaced

    def begin(self) -> Fleet:
        """The fleet to drive, one of the panel's own when there is no other. Raises LabError when none can start."""
        with self._lock:
            if self.fleet is not None:
                return self.fleet
            if not self._open:
                raise LearnerError("This panel was stopped.", "Run its cell again.")
            self.fleet = self._own = self._make()
            return self.fleet

    def end(self) -> None:
        """Stop the panel's own fleet, if any; a learner's goes on."""
        with self._lock:
            own, self._own, self._open = self._own, None, False
            self.fleet = None if self.fleet is own else self.fleet
        if own is not None:
            with suppress(LabError):  # a process so busy that its fleet does not answer ends it all the same
                own.stop(drain=0.0)


def _running(fleet: Fleet | None) -> Fleet | None:
    return fleet if fleet is not None and fleet.running else None
