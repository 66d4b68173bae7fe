"""Every solution under nbval, in lesson order on one stack: what runs now must say what was kept.

The usual run takes the lessons of the short path; `-m thorough` takes the others.
"""

import nbformat
import pytest

from lab.course import build, goto, manifest
from tests.notebooks.nbval_run import nbval

LESSONS = [
    pytest.param(lesson, marks=() if lesson.short_path else pytest.mark.thorough, id=lesson.id)
    for lesson in manifest.authored()
]


@pytest.mark.timeout(700)
@pytest.mark.parametrize("lesson", LESSONS)
def test_solution(lesson, stack, tmp_path):
    goto.prepare(lesson, stack)
    path = build.target(lesson, "solution")
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    compared = nbval(path, tmp_path)
    assert compared.failed == 0, compared.report
    assert compared.passed == len(cells)
