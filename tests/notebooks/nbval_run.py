"""Runs one notebook under nbval, strictly, in a process of its own, and counts what it compared."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from lab.authoring.execute import CELL_TIMEOUT_SECONDS, kernel_environment
from lab.base.pace import allow

CONFIG = "[pytest]\n"
"""Without the project's own pytest options: nbval collects notebooks, not tests."""


@dataclass(frozen=True)
class Compared:
    """What nbval said about one notebook."""

    passed: int
    failed: int
    report: str


def nbval(notebook, scratch):
    """Run the notebook at this path; `scratch` is a folder for pytest's own files."""
    config, junit = scratch / "nbval.ini", scratch / "junit.xml"
    config.write_text(CONFIG)
    options = ["--nbval", f"--nbval-cell-timeout={allow(CELL_TIMEOUT_SECONDS):.0f}", "--nbval-current-env", f"--junitxml={junit}"]
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(config), "-p", "no:cacheprovider", *options]
    with kernel_environment():
        done = subprocess.run([*command, str(notebook)], check=False, capture_output=True, text=True, timeout=allow(600))
    suite = ET.parse(junit).getroot().find("testsuite")
    failed = int(suite.get("failures")) + int(suite.get("errors"))
    return Compared(int(suite.get("tests")) - failed - int(suite.get("skipped")), failed, done.stdout[-6000:])
