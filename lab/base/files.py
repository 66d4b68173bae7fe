"""Files that are written in one step, and paths that other programs can take.

A reader never sees half of a file, and a process that is killed leaves the old one. Most programs take few letters in a
path: where one takes no other, the folder gets a second, plain name for a while.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lab.base.diagnosis import remedy
from lab.base.errors import MachineError

SHORT = Path("/tmp") if os.access("/tmp", os.W_OK) else Path(tempfile.gettempdir())  # noqa: S108 - folders below are private
"""Where a plain and short path can be had: a socket's, a build's. Not TMPDIR, whose name may be anything."""
ELSEWHERE = "Point LAB_STATE at another folder, then run the command again."


def write(path: Path, text: str, mode: int = 0o600, elsewhere: str = ELSEWHERE) -> Path:
    """Write a small file in one step and return its path; never leaves half of it.

    Raises MachineError when the disk is full or read-only; `elsewhere` is the remedy where the error does not name one.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(opened, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        scratch.replace(path)
    except OSError as error:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)
        raise MachineError(f"{path} cannot be written: {error.strerror or error}.", remedy(error, elsewhere)) from error
    return path


@contextmanager
def plain(folder: Path) -> Iterator[Path]:
    """The folder by a path of letters, digits and little else, for tools that take no other: a link if need be."""
    if re.fullmatch(r"[A-Za-z0-9_./-]+", str(folder)):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="lab-", dir=SHORT) as made:
        link = Path(made) / "place"
        link.symlink_to(folder)
        try:
            yield link
        finally:
            link.unlink(missing_ok=True)


def clear(folder: Path, pattern: str) -> None:
    """Remove scratch folders that a killed process left; call it where nobody else can be using them."""
    for left in folder.glob(pattern):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            with suppress(OSError):
                left.unlink()
