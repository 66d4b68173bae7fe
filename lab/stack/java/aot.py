"""Java's ahead-of-time caches (JEP 483, 514): classes loaded and linked once, in half the start-up time afterwards.

The JVM silently refuses a cache made with another Java, other jars, another order of them or other options, so the
file's name holds a digest of them all. Class paths are relative, so a cache is good wherever its folder lies. A missing
cache is no error: the service starts more slowly.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from lab.base.settings import settings
from lab.stack.java.runtime import LEAN, QUICK, version

PROGRAMS = ("kafka", "connect")
FOLDER = "aot"
"""The caches' folder, below the user's cache and as a link in the run folder."""


def cache_file(jars: list[Path], what: str) -> Path:
    """Where the cache of a program (`kafka` or `connect`) on these jars lies, whether or not it exists yet."""
    text = "\n".join([version(), *LEAN, QUICK, *(jar.name for jar in jars)])
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return settings().cache.absolute() / FOLDER / f"{what}-{digest}.aot"


def missing(jars: list[Path]) -> bool:
    """True while one of the caches has still to be made."""
    return not all(cache_file(jars, what).exists() for what in PROGRAMS)


def options(jars: list[Path], what: str) -> tuple[str, ...]:
    """JVM options that use the cache, () while there is none.

    Its warnings (an adapter that had to be generated after all) would bury the service's own lines.
    """
    path = cache_file(jars, what)
    return (f"-XX:AOTCache={FOLDER}/{path.name}", "-Xlog:aot*=error") if path.exists() else ()
