"""Watching influxd being downloaded or built by the background process."""

from __future__ import annotations

import time

from lab.errors import ServiceError
from lab.stack import build, progress
from lab.stack.layout import Layout
from lab.stack.logs import latest
from lab.stack.report import Report
from lab.stack.supervision import processes

PAUSE = 0.5


def follow(layout: Layout, report: Report) -> None:
    """Report how far it is until it has ended. Raises ServiceError with what went wrong."""
    while _runs(layout):
        found = progress.read()
        if found and not found.failed:
            report(f"Getting InfluxDB: {found.text}")
        time.sleep(PAUSE)
    found = progress.read()
    if found and found.failed:
        cause, _, remedy = found.failed.partition("\n")
        raise ServiceError("influxd", cause, remedy)
    if found:
        last = latest(layout.log(build.NAME))
        raise ServiceError(
            "influxd", f"Getting InfluxDB was interrupted: {last}", "Run ./workshop up again; it starts from scratch."
        )


def _runs(layout: Layout) -> bool:
    process = (processes(layout) or {}).get(build.NAME)
    return process is not None and process.pid is not None
