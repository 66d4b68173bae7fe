"""Processes of this stack that nobody owns any more, found by the mark in their environment.

Services carry the supervisor's mark, JupyterLab and its kernels one that names the `./workshop` that started them.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

import psutil

from lab.base.pace import allow
from lab.stack.layout import Layout
from lab.stack.supervisor import MARK

STARTED_BY = "WORKSHOP_JUPYTER"
"""Environment variable of JupyterLab and its kernels: the id of the process that started it, and the state folder."""
TERM_SECONDS = 5.0


def find(layout: Layout) -> list[psutil.Process]:
    """Every living process of ours that carries this state folder's mark, supervisor included."""
    return _with(MARK, {str(layout.state)})


def notebooks(layout: Layout, starter: int | None = None) -> list[psutil.Process]:
    """JupyterLab and its kernels on this state folder: those that process `starter` started, by default those whose
    starter is gone."""
    everybody = {mark for mark in map(_started_by, psutil.process_iter()) if mark}
    of_here = {mark for mark in everybody if mark.partition(" ")[2] == str(layout.state.resolve())}
    chosen = {m for m in of_here if (_pid(m) == starter if starter is not None else not _runs_a_verb(_pid(m)))}
    return [process for process in _with(STARTED_BY, chosen) if process.pid != os.getpid()]


def end(processes: Iterable[psutil.Process]) -> None:
    """SIGTERM to all, SIGKILL to those that are still there after TERM_SECONDS."""
    alive = list(processes)
    for process in alive:
        _quietly(process.terminate)
    _, stubborn = psutil.wait_procs(alive, timeout=allow(TERM_SECONDS))
    for process in stubborn:
        _quietly(process.kill)
    psutil.wait_procs(stubborn, timeout=allow(TERM_SECONDS))


def _with(mark: str, values: Collection[str]) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _environ(process, mark) in values]


def _started_by(process: psutil.Process) -> str | None:
    return _environ(process, STARTED_BY)


def _environ(process: psutil.Process, name: str) -> str | None:
    """A variable of a living process, None when it has none or is none of ours."""
    try:
        return None if process.status() == psutil.STATUS_ZOMBIE else process.environ().get(name)
    except (psutil.Error, OSError):
        return None


def _pid(mark: str) -> int:
    return int(mark.partition(" ")[0])


def _runs_a_verb(pid: int) -> bool:
    """Whether a process is the kit's; its id alone may have passed to another program."""
    try:
        return "lab" in psutil.Process(pid).cmdline()
    except psutil.Error:
        return False


def _quietly(action: object) -> None:
    try:
        action()  # type: ignore[operator]
    except psutil.NoSuchProcess:
        return
