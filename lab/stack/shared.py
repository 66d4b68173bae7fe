"""Files of another user's in the state and the cache folder, and a cache that is only read.

`sudo ./workshop` leaves files that a later `up` of the person's own cannot change. A cache that somebody else filled is
fine as long as nothing is missing in it.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from lab.base import access
from lab.base.errors import MachineError
from lab.stack.influxd import binary
from lab.stack.java import jars
from lab.stack.java.plugin import plugin_place
from lab.stack.layout import FILES, FOLDERS, MARKER, Layout


def require(where: Layout) -> None:
    """Raises MachineError, before anything is written, for a state or cache folder that somebody else keeps."""
    if why := access.first_obstacle(_of_state(where)):
        elsewhere = "Point LAB_STATE at a new folder of yours"
        give = f"after that user's ./workshop down, {_give(where.state)}"
        raise MachineError(
            f"The state folder {where.state} cannot be used: {why}.",
            f"{elsewhere}; or, {give}." if "belongs to" in why else f"{elsewhere}.",
        )
    why = access.obstacle(where.cache) or access.first_obstacle(_of_cache(where.cache))
    if why and (lacking := missing_in_cache()):
        give = f"; or {_give(where.cache)}" if os.path.exists(where.cache) else ""
        raise MachineError(
            f"The cache folder cannot be used: {why}, and it lacks {', '.join(lacking)}.",
            f"Point LAB_CACHE at a new folder of yours{give}.",
        )


def missing_in_cache() -> list[str]:
    """What `up` would have to put into the cache."""
    lacking = ["jars of Kafka"] if jars.missing(jars.KAFKA_LOCK) else []
    lacking += [] if os.path.exists(plugin_place()) else ["the connectors"]
    return lacking if binary.find() else [*lacking, "influxd"]


def _of_state(where: Layout) -> Iterator[Path]:
    """What services write first, in the order a person would look."""
    yield from (where.state, *(where.state / name for name in (MARKER, *FOLDERS, *FILES)))
    for name in FOLDERS:
        yield from access.entries(where.state / name)


def _of_cache(cache: Path) -> Iterator[Path]:
    for found in access.entries(cache):
        if found.is_dir() or found.suffix == ".lock":
            yield found
    yield binary.cached().parent
    yield binary.cached().parent / "lock"


def _give(folder: Path) -> str:
    return f"make this one yours: sudo chown -R {access.me()} {shlex.quote(str(folder))}"
