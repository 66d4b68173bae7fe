"""JupyterLab in the foreground, alone or with the services around it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import webbrowser
from contextlib import suppress

from lab import stack
from lab.base import access, addresses
from lab.base.addresses import Addresses
from lab.base.errors import LearnerError
from lab.base.pace import allow
from lab.base.settings import ROOT
from lab.commands.console import err, steps
from lab.course import manifest
from lab.course.manifest import Lesson
from lab.jupyter.command import FOLDER
from lab.stack import orphans, ports
from lab.stack.layout import layout

STOP_SECONDS = 15
LAST_PORT = 8988


def workshop() -> int:
    """Start the services, run JupyterLab at lesson 00, and stop everything when it ends."""
    try:
        with steps() as report:
            where = stack.up(report, wait=False)
        return _run(where, manifest.lesson("00"))
    finally:
        try:
            with steps() as report:
                stack.down(report)
        except KeyboardInterrupt:
            err.print("Stopping was interrupted. ./workshop down ends what is still running.")
            raise


def lab(name: str) -> int:
    """JupyterLab alone, on services that run already. Raises LearnerError when there are none, or no such lesson."""
    lesson, where = manifest.lesson(name), addresses.load()
    if all(row.state == "stopped" for row in stack.status()):
        raise LearnerError(
            "No service is running, so the lessons would find nothing.",
            "Start them with ./workshop up, or everything with ./workshop.",
        )
    return _run(where, lesson)


def _run(where: Addresses, lesson: Lesson) -> int:
    from lab.jupyter import command, notebook

    server = command(where, lesson.number, _port())
    if notebook(lesson.number) == FOLDER:
        err.print(
            f"notebooks/{lesson.notebook}.ipynb is not there, so the folder opens. "
            f"./workshop reset {lesson.number} writes it again.",
            soft_wrap=True,
        )
    if why := access.obstacle(ROOT / "notebooks"):
        err.print(f"Notebooks cannot be saved: {why}. Copy the clone into a folder of yours to keep what you write.")
    # A session of its own: Ctrl-C reaches us alone, and JupyterLab does not stop to ask whether it is meant.
    with subprocess.Popen(server.argv, env=server.env, cwd=server.cwd, start_new_session=True) as process:
        err.print(f"JupyterLab: {server.url}", soft_wrap=True)
        err.print("Ctrl-C ends it.")
        if _has_screen():
            webbrowser.open(server.url)
        return _attend(process)


def _has_screen() -> bool:
    """Without one, a text browser would take the terminal over."""
    return sys.platform == "darwin" or any(
        name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
    )


def _attend(process: subprocess.Popen[bytes]) -> int:
    """Wait for JupyterLab; Ctrl-C, SIGTERM and a closed terminal end it and its kernels, with a deadline."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM and a while for the kernels to end; then whatever is left of JupyterLab's own session is killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(allow(STOP_SECONDS))
    orphans.end(orphans.notebooks(layout(), os.getpid()))


def _port() -> int:
    for port in range(8888, LAST_PORT):
        if ports.is_free(port):
            return port
    raise LearnerError(f"Every port from 8888 to {LAST_PORT} is taken.", "Stop one of the programs that use them.")
