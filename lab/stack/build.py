"""Getting influxd in the background: the official archive, else a build. Then InfluxDB starts.

The supervisor runs this once, beside services that are already usable. Two clones of one user do not build twice:
the second waits and finds the first one's binary.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path

from lab import addresses as book
from lab.errors import LabError
from lab.settings import ROOT, settings
from lab.stack import archive, binary, gobuild, influxd, progress, ready, supervision, toolchain
from lab.stack.gobuild import Advance
from lab.stack.layout import Layout, clear, layout
from lab.stack.lock import hold
from lab.stack.progress import Progress
from lab.stack.provide import provision
from lab.stack.report import Report
from lab.stack.spec import Service

NAME = "influxd-build"
NICE = 5
"""Below the services, so that lessons 01 to 05 stay quick meanwhile."""


def service(where: Layout) -> Service:
    """The one-shot process that gets influxd and then starts it."""
    return Service(
        name=NAME,
        argv=(sys.executable, "-m", "lab.stack.build"),
        directory=ROOT,
        log=where.log(NAME),
        environment={"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stop_seconds=3,
        start=False,
        restart=False,
    )


def acquire(advance: Advance, say: Report) -> Path:
    """influxd in the cache, made when missing. Raises LabError when neither archive nor build gives one."""
    folder = binary.cached().parent
    folder.mkdir(parents=True, exist_ok=True)
    with hold(folder / "lock", say):
        if binary.cached().exists():
            return binary.cached()
        clear(folder, ".making-*")
        with tempfile.TemporaryDirectory(prefix=".making-", dir=folder, ignore_cleanup_errors=True) as scratch:
            made = _archive(Path(scratch), advance, say) or _build(Path(scratch), advance, say)
            made.chmod(0o755)
            made.replace(binary.cached())
    return binary.cached()


def _archive(scratch: Path, advance: Advance, say: Report) -> Path | None:
    advance("asking InfluxData's archive", 0.0)
    try:
        return archive.fetch(scratch, advance)
    except archive.Refused as reason:
        say(f"InfluxData's archive cannot be used: {reason}")
        return None


def _build(scratch: Path, advance: Advance, say: Report) -> Path:
    found = toolchain.look()
    toolchain.require(found)
    tools = toolchain.complete(found, scratch / "tools", say)
    made = gobuild.build(tools, scratch, advance)
    if not binary.is_version_2(made):
        raise LabError("The influxd that was built does not run.", f"See ./workshop logs {NAME}.")
    return made


def _advance(what: str, share: float) -> None:
    progress.save(Progress(what, round(share, 3)))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main() -> int:
    """Get influxd, start it, set it up. What goes wrong is left where `status` and `up` read it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.nice(NICE)
    here = layout()
    try:
        progress.save(Progress("looking for influxd", 0.0))
        acquire(_advance, _say)
        where = book.load(here.state)
        supervision.start("influxd", here)
        influxd.onboard(where, here)
        ready.influxd(where, here)
        provision(where, _say)
    except LabError as error:
        progress.save(Progress("", 0.0, failed=str(error)))
        _say(str(error))
        return 1
    progress.clear()
    return 0


if __name__ == "__main__":
    settings()
    sys.exit(main())
