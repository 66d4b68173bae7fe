"""Every learner notebook runs from top to bottom without an exception, and every untouched stub is "not attempted"."""

import nbformat
import pytest

from lab.course import build, goto, manifest
from lab.course.execute import execute, text_of


@pytest.mark.timeout(700)
@pytest.mark.parametrize("lesson", manifest.authored(), ids=lambda lesson: lesson.id)
def test_learner_notebook(lesson, stack, tmp_path):
    goto.prepare(lesson, stack)
    notebook = nbformat.read(build.target(lesson, "learner"), as_version=4)
    execute(notebook, tmp_path, lesson.folder)
    checks = [cell for cell in notebook.cells if "check" in cell.metadata.get("tags", ())]
    assert checks
    assert [text_of(cell) for cell in checks if "○ Not attempted" not in text_of(cell)] == []
