"""`./workshop test`: the four folders of tests, from the quickest to the slowest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from lab.errors import MachineError
from lab.settings import ROOT
from lab.stack import binary, build
from lab.stack.console import err, steps

STAGES = ("unit", "services", "notebooks", "browser")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def run(arguments: list[str]) -> int:
    """Run the stages named first, all by default; the other arguments go to pytest. Returns 0 when all pass."""
    stages = [argument for argument in arguments if argument in STAGES] or list(STAGES)
    options = [argument for argument in arguments if argument not in STAGES]
    if stages != ["unit"]:
        _get_influxd()
    results = {stage: _stage(stage, options) for stage in stages}
    for stage, code in results.items():
        err.print(f"{'[green]✓[/]' if code == 0 else '[red]✗[/]'} tests/{stage}")
    return max(results.values())


def _get_influxd() -> None:
    """Before the tests and their deadlines: a build takes minutes."""
    if binary.find() is None:
        with steps() as report:
            build.acquire(lambda what, share: report(f"Getting InfluxDB: {share:.0%}, {what}"), report)


def _stage(stage: str, options: list[str]) -> int:
    if stage == "browser":
        require_browser()
    err.rule(f"tests/{stage}")
    argv = (sys.executable, "-m", "pytest", f"tests/{stage}", *options)
    return subprocess.run(argv, cwd=ROOT, check=False).returncode


def require_browser() -> None:
    """Chromium is there, or is installed where we may. Raises MachineError when neither."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    if os.getuid() == 0 and shutil.which("apt-get"):
        err.print("Installing Chromium for the browser tests")
        subprocess.run(("apt-get", "update", "-q"), check=False)
        subprocess.run(("apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"), check=False)
    if not any(shutil.which(name) for name in BROWSERS):
        raise MachineError(
            "The browser tests need Chromium, and there is none on PATH.",
            "Install it (Debian: apt-get install chromium), or run ./workshop test unit services notebooks.",
        )
