"""Control of one service: start, stop, kill, freeze. What the fault lessons and tests use."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

from lab.base.errors import ServiceError
from lab.stack import supervisor
from lab.stack.layout import Layout


@dataclass(frozen=True)
class ServiceControl:
    """Handles one service of the native stack by its name."""

    name: str
    layout: Layout

    @property
    def pid(self) -> int | None:
        """Process id, None while it does not run."""
        process = (supervisor.processes(self.layout) or {}).get(self.name)
        return process.pid if process else None

    def start(self) -> None:
        supervisor.start(self.name, self.layout)

    def stop(self) -> None:
        """SIGTERM, then SIGKILL at the service's deadline; returns when it has ended."""
        supervisor.stop(self.name, self.layout)

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """SIGKILL; the supervisor starts it again."""
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP: it lives and answers nothing, as a machine that swaps does."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        pid = self.pid
        if pid is None:
            raise ServiceError(self.name, f"{self.name} does not run.", "Start it with ./workshop up.")
        os.kill(pid, number)
