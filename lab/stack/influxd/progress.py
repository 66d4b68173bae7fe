"""How far the download or build of influxd is: one small file in the cache, shared by every clone of this user."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.base.files import write
from lab.base.settings import settings


@dataclass(frozen=True)
class Progress:
    """`what` is being done, `share` of it is done (0 to 1); `failed` holds cause and remedy once it has."""

    what: str
    share: float
    failed: str = ""

    @property
    def text(self) -> str:
        """As a person reads it."""
        return self.failed.replace("\n", " ") if self.failed else f"{self.share:.0%}, {self.what}"


def path() -> Path:
    return settings().cache.absolute() / "influxd" / "progress.json"


def read() -> Progress | None:
    """The last progress written, None when there is none."""
    try:
        return Progress(**json.loads(path().read_text()))
    except (OSError, ValueError, TypeError):
        return None


def save(progress: Progress) -> None:
    write(path(), json.dumps(asdict(progress)))


def forget_failure() -> None:
    """An `up` begins: what failed before says nothing about it."""
    found = read()
    if found and found.failed:
        clear()


def clear() -> None:
    with suppress(PermissionError):  # of a cache that another user keeps
        path().unlink(missing_ok=True)
