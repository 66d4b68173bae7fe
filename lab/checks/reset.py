"""Resets one exercise: its cell becomes the stub again, its progress is forgotten, everything else stays.

The cell is found by the id in its call, so that renamed and copied notebooks work too. Before anything is written
the notebook is copied to `.lab/kept/<date>/`.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import nbformat

from lab.base.settings import ROOT, settings
from lab.checks import exercise, progress
from lab.course import manifest, source

NOTEBOOKS = ROOT / "notebooks"


def reset(exercise_id: str, folder: Path = NOTEBOOKS) -> list[Path]:
    """Reset an exercise in every notebook of the folder; returns the copies that were kept aside.

    Raises LearnerError when there is no such exercise.
    """
    exercise.find(exercise_id)
    cells = source.exercises(source.read(manifest.lesson(exercise_id).source))
    kept = [_restore(path, exercise_id, cells[exercise_id].stub) for path in sorted(folder.glob("*.ipynb"))]
    progress.forget([exercise_id])
    return [path for path in kept if path is not None]


def _restore(path: Path, exercise_id: str, stub: str) -> Path | None:
    notebook = nbformat.read(path, as_version=4)
    found = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and _begins(cell["source"], exercise_id)]
    if not found:
        return None
    copy = _keep(path)
    for cell in found:
        cell["source"] = stub
        cell["outputs"], cell["execution_count"] = [], None
    path.write_text(_written(notebook))
    return copy


def _begins(text: str, exercise_id: str) -> bool:
    first = text.partition("\n")[0]
    return f'exercise("{exercise_id}")' in text or (first.startswith("%%flux") and exercise_id in first.split())


def _keep(path: Path) -> Path:
    folder = settings().state / "kept" / time.strftime("%Y-%m-%d_%H%M%S")
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy2(path, folder / path.name))


def _written(notebook: Any) -> str:
    return str(nbformat.writes(notebook, version=4)) + "\n"
