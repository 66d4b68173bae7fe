"""Resetting one exercise in a learner's notebook, renamed or not."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from lab.checks import progress, reset
from lab.course import manifest, source


@pytest.fixture
def learner(tmp_path, monkeypatch):
    settings = type("S", (), {"practice": False, "state": tmp_path})
    monkeypatch.setattr(reset, "settings", settings)
    monkeypatch.setattr(progress, "settings", settings)
    folder = tmp_path / "notebooks"
    folder.mkdir()
    cells = [
        new_code_cell('ex1 = exercise("l00.partitions")\npartitions = 6', execution_count=3),
        new_code_cell('ex3 = exercise("l00.point")\nmine()', execution_count=4),
    ]
    nbformat.write(new_notebook(cells=cells), folder / "my own name.ipynb")
    return folder


def test_only_that_exercise_becomes_the_stub_again(learner):
    for name in ("l00.partitions", "l00.point"):
        progress.record_check(name, passed=True)
    (kept,) = reset.reset("l00.partitions", learner)
    first, second = nbformat.read(learner / "my own name.ipynb", as_version=4).cells
    stub = source.exercises(source.read(manifest.lesson("l00").source))["l00.partitions"].stub
    assert (first.source, first.execution_count) == (stub, None)
    assert second.source.endswith("mine()")
    assert "partitions = 6" in kept.read_text()
    assert list(progress.read()) == ["l00.point"]


def test_a_notebook_without_it_is_left_alone(learner):
    before = (learner / "my own name.ipynb").read_bytes()
    assert reset.reset("l00.online", learner) == []
    assert (learner / "my own name.ipynb").read_bytes() == before
