"""May this user write there, and whose is it? Asked before anything is written, so that one message can say it all.

`sudo ./workshop`, a clone that root made and a cache that several people share leave files that a person may read and
not change. A file's permissions are asked of the system, not worked out: disks mounted with an owner, access lists and
read-only disks have rules of their own.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable
from pathlib import Path


def nearest(path: Path) -> Path:
    """The path itself or the first folder above it that this user can see."""
    while not os.path.exists(path) and path != path.parent:
        path = path.parent
    return path


def obstacle(path: Path) -> str | None:
    """Why a file or folder cannot be written or made there, as a sentence without its end; None when it can."""
    found = nearest(path)
    wanted = os.W_OK | os.X_OK if os.path.isdir(found) else os.W_OK
    if os.access(found, wanted):
        return None
    try:
        owner = found.stat().st_uid
    except OSError:
        return f"{found} cannot be looked at"
    if owner != os.getuid():
        return f"{found} belongs to {name(owner)}, and {me()} cannot write there"
    return f"{found} cannot be written: its permissions, or a read-only disk"


def first_obstacle(paths: Iterable[Path]) -> str | None:
    """The first obstacle among those of these that are there; links are their targets' business."""
    there = (path for path in paths if os.path.exists(path) and not os.path.islink(path))
    return next((why for path in there if (why := obstacle(path))), None)


def entries(folder: Path) -> list[Path]:
    """What a folder holds, nothing when there is none or it may not be read."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def name(user: int) -> str:
    """A user's name, or the number where there is none."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def me() -> str:
    return name(os.getuid())


def runs_programs(path: Path) -> bool:
    """False when the disk is mounted with noexec: it runs no program from there and loads no library."""
    try:
        return not os.statvfs(nearest(path)).f_flag & getattr(os, "ST_NOEXEC", 0)
    except OSError:
        return True
