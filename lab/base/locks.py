"""One `up` or `down` at a time per state folder, and one choice of ports at a time per user."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.base.errors import MachineError
from lab.base.progress import Report, quiet


@contextmanager
def hold(path: Path, report: Report = quiet) -> Iterator[None]:
    """Hold a file's lock; it goes with its process, so a kill leaves nothing stale."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise MachineError(
            f"{path} cannot be opened: {error.strerror or error}.",
            "Fix the folder's permissions, or point LAB_STATE and LAB_CACHE at folders of yours.",
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("Waiting for another ./workshop that is starting or stopping services")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def hold_if_free(path: Path) -> Iterator[bool]:
    """Hold a file's lock and give True, or give False at once when another process holds it."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
