"""Processes of this stack that no supervisor owns any more, found by the mark in their environment."""

from __future__ import annotations

from collections.abc import Iterable

import psutil

from lab.pace import allow
from lab.stack.layout import Layout
from lab.stack.supervision import MARK

TERM_SECONDS = 5.0


def find(layout: Layout) -> list[psutil.Process]:
    """Every living process of ours that carries this state folder's mark, supervisor included."""
    return [process for process in psutil.process_iter() if _marked(process, str(layout.state))]


def end(processes: Iterable[psutil.Process]) -> None:
    """SIGTERM to all, SIGKILL to those that are still there after TERM_SECONDS."""
    alive = list(processes)
    for process in alive:
        _quietly(process.terminate)
    _, stubborn = psutil.wait_procs(alive, timeout=allow(TERM_SECONDS))
    for process in stubborn:
        _quietly(process.kill)
    psutil.wait_procs(stubborn, timeout=allow(TERM_SECONDS))


def _marked(process: psutil.Process, state: str) -> bool:
    try:
        return process.environ().get(MARK) == state and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


def _quietly(action: object) -> None:
    try:
        action()  # type: ignore[operator]
    except psutil.NoSuchProcess:
        return
