"""Every solution and every learner notebook on one stack: what runs now must say what was kept, and stubs must run."""

import nbformat
import pytest

from lab.authoring import build
from lab.course import goto, manifest
from lab.authoring.execute import execute, text_of
from tests.notebooks.nbval_run import nbval

LESSONS = manifest.authored()


# The last lesson first: what a solution takes from an earlier lesson, beyond what `goto` prepares, is missing then.
@pytest.mark.timeout(700)
@pytest.mark.parametrize("lesson", LESSONS[::-1], ids=lambda lesson: lesson.id)
def test_solution(lesson, stack, tmp_path):
    """Under nbval: every cell runs, every compared output is as it was kept."""
    goto.prepare(lesson, stack)
    path = build.target(lesson, "solution")
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    compared = nbval(path, tmp_path)
    assert compared.failed == 0, compared.report
    assert compared.passed == len(cells)


@pytest.mark.timeout(700)
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_learner_notebook(lesson, stack, tmp_path):
    """From top to bottom without an exception; every untouched stub is "not attempted"."""
    goto.prepare(lesson, stack)
    notebook = nbformat.read(build.target(lesson, "learner"), as_version=4)
    execute(notebook, tmp_path, lesson.folder)
    checks = [cell for cell in notebook.cells if "check" in cell.metadata.get("tags", ())]
    assert checks
    assert [text_of(cell) for cell in checks if "○ Not attempted" not in text_of(cell)] == []
