"""The logs of the services: one file each under the state folder, read from their end."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from lab.base import diagnosis
from lab.base.errors import LearnerError
from lab.stack.layout import layout

TAIL_BYTES = 65536
ERROR_LINES = 200
"""How far from the end of a log its last error may lie: a stack trace is long."""
ONE_OF_MANY = {"kafka": "kafka1"}
"""Who asks for the cluster is shown one broker's log: what stops one mostly stops all."""


def tail(path: Path, lines: int) -> list[str]:
    """The last non-empty lines of a file, [] when there is none. Reads the end of the file only."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-lines:] if lines > 0 else []


def latest(path: Path) -> str:
    """The last error that a log tells, in one line; its last line when it tells none, '' when there is no log."""
    return diagnosis.latest("\n".join(tail(path, ERROR_LINES)))


def path_of(service: str) -> Path:
    """The log file of a service. Raises LearnerError naming the logs there are when there is none."""
    here = layout()
    found = here.log(ONE_OF_MANY.get(service, service))
    if not found.exists():
        known = ", ".join(sorted(path.stem for path in here.logs.glob("*.log"))) or "none yet"
        raise LearnerError(f"There is no log of {service}.", f"Logs there are: {known}.")
    return found


def show(service: str, lines: int, follow: bool) -> None:
    """Write the last lines to standard output; with `follow`, what is added until Ctrl-C."""
    path = path_of(service)
    for line in tail(path, lines):
        sys.stdout.write(f"{line}\n")
    if follow:
        _follow(path)


def _follow(path: Path) -> None:
    """supervisor truncates a log that has grown too long; then begin at its start."""
    position = path.stat().st_size
    while True:
        size = path.stat().st_size
        if size != position:
            with path.open(errors="replace") as file:
                file.seek(position if size > position else 0)
                sys.stdout.write(file.read())
                position = file.tell()
            sys.stdout.flush()
        time.sleep(0.3)
