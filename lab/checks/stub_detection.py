"""Is the exercise's cell still as it was given? And what was given.

This decides only between the words "not attempted" and "not yet" after a judge found no effect. It never makes
an attempt right or wrong: that is for the effects alone.
"""

from __future__ import annotations

import ast
import linecache
from types import FrameType

from lab.checks.attempt import Attempt
from lab.course import manifest, source


def cell_source(frame: FrameType | None) -> str:
    """The text of the notebook cell that the frame belongs to; empty when it is not known."""
    return "".join(linecache.getlines(frame.f_code.co_filename)) if frame else ""


def check_cell(exercise_id: str) -> str:
    """The cell of the lesson that checks this exercise, as it was given."""
    cells = source.read(manifest.lesson(exercise_id).source)
    at = next(number for number, cell in enumerate(cells) if cell.exercise == exercise_id)
    return next(cell.text.strip() for cell in cells[at:] if cell.has("check"))


def is_stub(exercise_id: str, attempt: Attempt) -> bool:
    """Whether the cell that began the attempt does no more than the stub."""
    written = attempt.query or attempt.source
    if not written:
        return False
    cell = source.exercises(source.read(manifest.lesson(exercise_id).source)).get(exercise_id)
    return cell is not None and _shape(written) == _shape(cell.stub)


def _shape(text: str) -> str:
    """The code without comments, blank lines and layout."""
    try:
        return ast.dump(ast.parse(text))
    except SyntaxError:
        lines = (line.split("//")[0].strip() for line in text.splitlines() if not line.startswith("%%"))
        return "\n".join(line for line in lines if line and not line.startswith("#"))
