"""JupyterLab in the foreground, alone or with the services around it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import webbrowser

from lab import addresses, stack
from lab.addresses import Addresses
from lab.errors import LearnerError
from lab.pace import allow
from lab.stack import ports
from lab.stack.console import err, steps

STOP_SECONDS = 15
LAST_PORT = 8988


def workshop() -> int:
    """Start the services, run JupyterLab at lesson 00, and stop everything when it ends."""
    try:
        with steps() as report:
            where = stack.up(report, wait=False)
        return _run(where, "00")
    finally:
        with steps() as report:
            stack.down(report)


def lab(lesson: str) -> int:
    """JupyterLab alone, on services that run already. Raises LearnerError when there are none."""
    return _run(addresses.load(), lesson)


def _run(where: Addresses, lesson: str) -> int:
    from lab.jupyter import command

    server = command(where, lesson, _port())
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
    """Wait for JupyterLab; Ctrl-C ends it, with a deadline."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(allow(STOP_SECONDS))
        except subprocess.TimeoutExpired:
            process.kill()
        return 0


def _port() -> int:
    for port in range(8888, LAST_PORT):
        if ports.is_free(port):
            return port
    raise LearnerError(f"Every port from 8888 to {LAST_PORT} is taken.", "Stop one of the programs that use them.")
