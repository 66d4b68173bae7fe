"""Every solution under nbval, in lesson order on one stack: what runs now must say what was kept."""

import nbformat
import pytest

from lab.course import build, goto, manifest
from tests.notebooks.nbval_run import nbval


@pytest.mark.timeout(700)
@pytest.mark.parametrize("lesson", manifest.authored(), ids=lambda lesson: lesson.id)
def test_solution(lesson, stack, tmp_path):
    goto.prepare(lesson, stack)
    path = build.target(lesson, "solution")
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    compared = nbval(path, tmp_path)
    assert compared.failed == 0, compared.report
    assert compared.passed == len(cells)
