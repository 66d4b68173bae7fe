"""Executes a solution notebook on the running stack and keeps its outputs.

Outputs are as they came; only what no reader sees (the kernel's version, time stamps) is left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from lab.authoring.notebook import METADATA
from lab.base.errors import LabError
from lab.base.pace import allow
from lab.base.settings import ROOT, settings

CELL_TIMEOUT_SECONDS = 180


@contextmanager
def kernel_environment() -> Iterator[None]:
    """Kernels started inside find the kit, use this clone's stack and record no progress."""
    wanted = {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "LAB_PRACTICE": "1",
        "LAB_STATE": str(settings().state),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    before = dict(os.environ)
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def execute(notebook: Any, folder: Path, name: str) -> Any:
    """Run every cell in order in a new kernel and return the notebook with its outputs.

    Raises LabError naming the cell when one fails.
    """
    client = NotebookClient(
        notebook,
        timeout=int(allow(CELL_TIMEOUT_SECONDS)),
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
    )
    try:
        with kernel_environment():
            client.execute()
    except CellExecutionError as error:
        raise LabError(f"{name}: a cell failed.\n{error}", "Fix the lesson's source and build again.") from error
    notebook["metadata"] = METADATA
    return notebook


def text_of(cell: Any) -> str:
    """Everything a code cell printed or showed as plain text."""
    parts = (output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.get("outputs", ()))
    return "\n".join(parts)


def failed_checks(notebook: Any) -> list[str]:
    """What each check cell said that did not pass."""
    checks = [cell for cell in notebook["cells"] if "check" in cell["metadata"].get("tags", ())]
    return [text_of(cell) for cell in checks if "✔ Passed" not in text_of(cell)]
