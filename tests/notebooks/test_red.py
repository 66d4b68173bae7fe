"""A broken solution turns the run red: per lesson one exercise answered wrongly, compared with what was kept."""

import nbformat
import pytest

from lab.authoring import attempts, build
from lab.course import goto, manifest, source
from tests.notebooks.nbval_run import nbval


@pytest.mark.thorough("a broken solution of each lesson")
@pytest.mark.timeout(700)
@pytest.mark.parametrize("lesson", manifest.authored(), ids=lambda lesson: lesson.id)
def test_a_wrong_answer_is_seen(lesson, stack, tmp_path):
    goto.prepare(lesson, stack)
    notebook = nbformat.read(build.target(lesson, "solution"), as_version=4)
    name, cell = next(iter(source.exercises(source.read(lesson.source)).items()))
    ids = [found["id"] for found in notebook.cells]
    place, check = ids.index(name.replace(".", "-")), ids.index(f"{name.replace('.', '-')}-check")
    notebook.cells[place]["source"] = cell.answered(attempts.declared(lesson)[name].wrong[0].code)
    notebook.cells = notebook.cells[: check + 1]
    broken = tmp_path / "broken.ipynb"
    nbformat.write(notebook, broken)
    assert nbval(broken, tmp_path).failed > 0
