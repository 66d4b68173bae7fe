"""Carry out a plan of faults beside a running fleet, in a thread, and note what was done when."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from time import monotonic

from lab.base.errors import LabError
from lab.base.pace import allow
from lab.demo.plan import Planned, cut_list
from lab.faults import CutDevices, Fault, Freeze, Kill, Restart
from lab.fleet.fleet import Fleet

log = logging.getLogger(__name__)

VERBS: dict[str, Callable[[str], Fault]] = {"kill": Kill, "restart": Restart, "freeze": Freeze}
"""The faults that take a service's name."""


class Chaos:
    """Injects the planned faults and undoes each; `record` is what the ledger shows."""

    def __init__(self, plan: list[Planned], fleet: Fleet) -> None:
        self._plan, self._fleet = plan, fleet
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faults", daemon=True)
        self.record: list[dict[str, object]] = []
        self.now = ""
        """The active fault, in words."""

    def start(self) -> None:
        self._begin = monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Undo the active fault and begin no other."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(allow(60.0))

    def _run(self) -> None:
        for planned in self._plan:
            if self._stop.wait(max(0.0, self._begin + planned.begin - monotonic())):
                return
            self._one(planned)

    def _one(self, planned: Planned) -> None:
        note: dict[str, object] = {"fault": planned.name, "at_s": round(monotonic() - self._begin, 1)}
        self.record.append(note)
        try:
            fault = self._fault(planned.name)
            self.now = fault.what
            with fault:
                self._stop.wait(planned.stand)
            note["seconds"] = round(fault.seconds or 0.0, 1)
        except LabError as error:
            log.warning("fault %s: %s", planned.name, error)
            note["error"] = error.cause
        finally:
            self.now = ""

    def _fault(self, name: str) -> Fault:
        verb, _, target = name.partition(" ")
        if verb == "cut":
            return CutDevices(self._fleet, cut_list(self._fleet.names))
        return VERBS[verb](target)
