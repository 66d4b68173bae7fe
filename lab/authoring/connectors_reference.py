"""The connectors' reference page, made from their ConfigDef: `python -m lab.authoring.connectors_reference`.

The page is committed; a test generates it again and compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lab.base.errors import MachineError
from lab.base.settings import ROOT
from lab.stack.java.plugin import class_path
from lab.stack.java.runtime import QUICK, desk

PAGE = ROOT / "docs" / "connectors-reference.md"
MAIN = "io.hybridiot.connect.influxdb2.Reference"
TIMEOUT_S = 120


def page() -> str:
    """The page's text. Raises MachineError when Java cannot print it."""
    with desk() as here:
        done = here.run(QUICK, "-cp", here.class_path(class_path()), MAIN, seconds=TIMEOUT_S)
    if done.returncode != 0:
        raise MachineError(
            f"The reference page cannot be made: {done.stderr.strip()[-500:]}",
            "Correct lab/connect/plugin, then run python -m lab.authoring.connectors_reference again.",
        )
    return done.stdout


def write(path: Path = PAGE) -> None:
    """Write the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} written\n")
