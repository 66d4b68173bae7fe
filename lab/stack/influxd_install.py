"""Getting influxd in the background, and watching it: the official archive, else a build. Then InfluxDB starts.

The supervisor runs this once, beside services that are already usable. Two clones of one user do not build twice:
the second waits and finds the first one's binary.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from lab.base import access, addresses
from lab.base.addresses import Addresses
from lab.base.errors import LabError, MachineError, ServiceError
from lab.base.files import clear, plain
from lab.base.locks import hold, hold_if_free
from lab.base.progress import Report
from lab.base.settings import settings
from lab.provision import essentials
from lab.stack import background, ports, ready, supervisor
from lab.stack.influxd import archive, binary, build, progress, server, toolchain
from lab.stack.influxd.build import Advance
from lab.stack.influxd.progress import Progress
from lab.stack.layout import Layout, layout
from lab.stack.logs import latest
from lab.stack.service import Service

NAME = "influxd-build"
SCRATCH = ".making-*"
"""Folders in the cache, one per download or build, gone with it."""
LOOK_S = 0.5
"""Seconds between two looks of those that watch."""
NICE = 5
"""Below the services, so that lessons 01 to 05 stay quick while it runs."""


def service(where: Layout) -> Service:
    """The one-shot process that gets influxd and then starts it."""
    return background.service(NAME, "lab.stack.influxd_install", 3, where)


def start(where: Layout) -> None:
    """Start getting influxd in the background, what failed before forgotten."""
    progress.save(Progress("starting", 0.0))
    background.start(NAME, where)


def watch(here: Layout, report: Report) -> None:
    """Report how far it is until it has ended. Raises ServiceError with what went wrong."""
    while _runs(here):
        found = progress.read()
        if found and not found.failed:
            report(f"Getting InfluxDB: {found.text}")
        time.sleep(LOOK_S)
    found = progress.read()
    if found and found.failed:
        cause, _, remedy = found.failed.partition("\n")
        raise ServiceError("influxd", cause, remedy)
    if found:
        last = latest(here.log(NAME))
        raise ServiceError(
            "influxd", f"Getting InfluxDB was interrupted: {last}", "Run ./workshop up again; it starts from scratch."
        )


def _runs(here: Layout) -> bool:
    process = (supervisor.processes(here) or {}).get(NAME)
    return process is not None and process.pid is not None


def tidy(say: Report) -> None:
    """Remove what a build that was stopped has left, up to 2 GB, unless a build of another clone is running."""
    folder = binary.cached().parent
    if not any(folder.glob(SCRATCH)) or access.first_obstacle((folder, folder / "lock")):
        return  # nothing there, or it is another user's
    with hold_if_free(folder / "lock") as mine:
        if mine:
            say("Removing what the build of InfluxDB has left")
            clear(folder, SCRATCH)


def acquire(advance: Advance, say: Report) -> Path:
    """influxd in the cache, made when missing. Raises LabError when neither archive nor build gives one."""
    folder = binary.cached().parent
    folder.mkdir(parents=True, exist_ok=True)
    with hold(folder / "lock", say):
        if binary.cached().exists():
            return binary.cached()
        clear(folder, SCRATCH)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=folder, ignore_cleanup_errors=True) as scratch:
            with plain(Path(scratch)) as place:
                made = _archive(place, advance, say) or _build(place, advance, say)
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
    made = build.build(tools, scratch, advance, say)
    if not binary.is_version_2(made):
        raise LabError("The influxd that was built does not run.", f"See ./workshop logs {NAME}.")
    return made


def _require_port(where: Addresses, here: Layout) -> None:
    """The port was free when `up` chose it, minutes ago: another program's influxd there would be taken for ours."""
    running = (supervisor.processes(here) or {}).get("influxd")
    port = urlsplit(where.influx_url).port or 0
    if not (running and running.pid) and not ports.is_free(port):
        raise MachineError(
            f"Another program has taken port {port} while InfluxDB was being downloaded or built.",
            "Run ./workshop down, then ./workshop up: it chooses a free port.",
        )


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
        found = acquire(_advance, _say)
        where = addresses.load(here.state)
        server.use(found, here)
        _require_port(where, here)
        supervisor.start("influxd", here)
        ready.ours("influxd", where, here)
        server.onboard(where, here)
        ready.influxd(where, here)
        essentials(where, _say)
    except LabError as error:
        progress.save(Progress("", 0.0, failed=str(error)))
        _say(str(error))
        return 1
    progress.clear()
    return 0


if __name__ == "__main__":
    settings()
    sys.exit(main())
