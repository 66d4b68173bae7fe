"""Where an influxd 2 binary is already at hand: named, on PATH, or in the cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from lab.base.errors import LearnerError
from lab.base.pace import allow
from lab.base.settings import settings
from lab.stack.influxd.server import VERSION


def cached() -> Path:
    """Where a downloaded or built influxd lies."""
    return settings().cache.absolute() / "influxd" / VERSION / "influxd"


def find() -> Path | None:
    """The first influxd 2 of LAB_INFLUXD, PATH and the cache. Raises LearnerError when LAB_INFLUXD is not one."""
    named = settings().influxd
    if named is not None:
        if not is_version_2(named):
            raise LearnerError(
                f"LAB_INFLUXD names {named}, which is not an influxd of version 2.",
                "Correct LAB_INFLUXD, or unset it to let the workshop find or build one.",
            )
        return named.absolute()
    on_path = shutil.which("influxd")
    if on_path and is_version_2(Path(on_path)):
        return Path(on_path).absolute()
    return cached() if cached().exists() else None


@cache
def is_version_2(binary: Path) -> bool:
    """True when the program knows an option that only influxd 2 has. Asked once per process: `find` is called often."""
    try:
        done = subprocess.run(
            [binary, "--help"],
            capture_output=True,
            text=True,
            timeout=allow(20),
            check=False,
            env={"PATH": os.defpath, "HOME": "/nonexistent"},
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return "--bolt-path" in done.stdout + done.stderr
