"""Jars by Maven coordinates, exactly those of a lock file.

A jar reaches the cache's `jars` folder by a rename after its sha256 was compared, so what lies there under a
name (which holds the checksum) is whole. The lock's order is kept: it is the class path's order, and an AOT
cache is only good for one order.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.base.diagnosis import remedy
from lab.base.errors import MachineError
from lab.base.files import clear
from lab.base.locks import hold
from lab.base.progress import Report, quiet
from lab.base.settings import settings

KAFKA_LOCK = Path(__file__).parent / "kafka.lock.toml"
"""Kafka's brokers and Connect. Made with jgo from the coordinates that docs/operating.md names."""
DOWNLOADS_AT_ONCE = 8


@dataclass(frozen=True)
class Jar:
    """One locked jar."""

    group: str
    artifact: str
    version: str
    sha256: str
    classifier: str | None = None

    @property
    def filename(self) -> str:
        tail = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{tail}-{self.sha256[:12]}.jar"

    @property
    def coordinate(self) -> str:
        tail = f":{self.classifier}" if self.classifier else ""
        return f"{self.group}:{self.artifact}:{self.version}{tail}"


def read(lock: Path) -> tuple[Jar, ...]:
    """The jars of a jgo lock file, in its order. Raises MachineError when one has no checksum."""
    entries = tomllib.loads(lock.read_text())["dependencies"]
    jars = tuple(
        Jar(e["groupId"], e["artifactId"], e["version"], e.get("sha256", ""), e.get("classifier")) for e in entries
    )
    for jar in jars:
        if not jar.sha256:
            raise MachineError(f"{lock.name} has no sha256 for {jar.coordinate}.", "Make the lock file again with jgo.")
    return jars


def resolve(lock: Path, report: Report = quiet) -> list[Path]:
    """Paths of a lock's jars in the cache, downloading what is missing.

    Raises MachineError when Maven Central cannot be reached or a jar is not the locked one.
    """
    folder = settings().cache.absolute() / "jars"
    jars = read(lock)
    if _missing(jars, folder):
        with hold(folder.parent / "jars.lock", report):
            _download(_missing(jars, folder), folder, lock.name.partition(".")[0], report)
    return [folder / jar.filename for jar in jars]


def missing(lock: Path) -> bool:
    """Whether a jar of a lock file is not in the cache."""
    return bool(_missing(read(lock), settings().cache.absolute() / "jars"))


def _missing(jars: tuple[Jar, ...], folder: Path) -> list[Jar]:
    return [jar for jar in jars if not (folder / jar.filename).exists()]


def _download(jars: list[Jar], folder: Path, what: str, report: Report) -> None:
    with _scratch(folder) as scratch, ThreadPoolExecutor(DOWNLOADS_AT_ONCE, "jars") as pool:
        waiting = [pool.submit(_fetch, jar, scratch, folder) for jar in jars]
        try:
            for count, done in enumerate(as_completed(waiting), start=1):
                done.result()
                report(f"Downloading the jars of {what}: {count} of {len(jars)}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _fetch(jar: Jar, scratch: Path, folder: Path) -> None:
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=scratch / jar.sha256[:12], timeout=60)
    try:
        path = context.create_dependency(jar.coordinate).artifact.resolve()
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except Exception as error:
        raise MachineError(
            f"{jar.coordinate} could not be downloaded: {str(error).partition(chr(10))[0] or type(error).__name__}",
            remedy(error, "Run the command again; if this stays, this network has no way to Maven Central."),
        ) from error
    if found != jar.sha256:
        raise MachineError(
            f"{jar.coordinate} is not the locked jar: its sha256 is {found[:12]}..., locked is {jar.sha256[:12]}...",
            "Something between here and Maven Central changes files: try another network.",
        )
    path.replace(folder / jar.filename)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder beside the jars, so that the last step is a rename."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        clear(folder, ".download-*")
        with TemporaryDirectory(prefix=".download-", dir=folder) as scratch:
            yield Path(scratch)
    except OSError as error:
        raise MachineError(
            f"The cache folder {folder} cannot be written: {error.strerror or error}.",
            remedy(error, "Point LAB_CACHE at another folder."),
        ) from error
