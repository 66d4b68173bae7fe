"""The builder: what it writes, and every kind of difference that --check must see."""

import nbformat
import pytest
from rich.console import Console

from lab.authoring import build
from lab.course import manifest

LESSON = manifest.lesson("l00")


@pytest.fixture
def built(tmp_path, monkeypatch):
    """Lesson 00 built into an empty clone, its solution as if it had been executed."""
    folders = {"learner": tmp_path / "notebooks", "solution": tmp_path / "solutions"}
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "FOLDERS", folders)
    monkeypatch.setattr(build.manifest, "authored", lambda: (LESSON,))
    build.build(LESSON, run=False, console=Console(quiet=True))
    nbformat.write(build.composed(LESSON, "solution"), folders["solution"] / "00_start_here.ipynb")
    return tmp_path


def test_a_fresh_build_has_no_difference(built):
    assert build.differences() == []


def test_outputs_of_a_solution_are_no_difference(built):
    path = built / "solutions" / "00_start_here.ipynb"
    notebook = nbformat.read(path, as_version=4)
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.execution_count, code.outputs = 7, [nbformat.v4.new_output("stream", text="hello")]
    nbformat.write(notebook, path)
    assert build.differences() == []


@pytest.mark.parametrize("folder", ["notebooks", "solutions"])
def test_an_edited_cell_is_seen(built, folder):
    path = built / folder / "00_start_here.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].source += "!"
    nbformat.write(notebook, path)
    assert build.differences() == [f"{folder}/00_start_here.ipynb is not what its source says"]


def test_an_output_left_in_a_learner_notebook_is_seen(built):
    path = built / "notebooks" / "00_start_here.ipynb"
    notebook = nbformat.read(path, as_version=4)
    next(cell for cell in notebook.cells if cell.cell_type == "code").execution_count = 1
    nbformat.write(notebook, path)
    assert len(build.differences()) == 1


@pytest.mark.parametrize(
    "name", ["notebooks/00_start_here.ipynb", "solutions/00_start_here.ipynb", "notebooks/images/00_start_here.svg"]
)
def test_a_missing_file_is_seen(built, name):
    (built / name).unlink()
    assert build.differences() == [f"{name} is not what its source says"]


def test_an_edited_picture_is_seen(built):
    (built / "solutions/images/00_start_here.svg").write_text("<svg/>")
    assert build.differences() == ["solutions/images/00_start_here.svg is not what its source says"]


def test_a_stray_file_is_seen_and_jupyters_own_copies_are_not(built):
    (built / "notebooks/untitled.ipynb").write_text("{}")
    (built / "notebooks/.ipynb_checkpoints").mkdir()
    (built / "notebooks/.ipynb_checkpoints/00_start_here-checkpoint.ipynb").write_text("{}")
    assert build.differences() == ["notebooks/untitled.ipynb belongs to no lesson"]


def test_check_fails_on_a_difference_and_only_then(built, capsys):
    assert build.main(["--check"]) == 0
    (built / "notebooks/untitled.ipynb").write_text("{}")
    assert build.main(["--check"]) == 1
    assert "untitled" in capsys.readouterr().out


def test_new_words_around_the_same_code_keep_the_outputs(built):
    path = built / "solutions" / "00_start_here.ipynb"
    notebook = nbformat.read(path, as_version=4)
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.execution_count, code.outputs = 7, [nbformat.v4.new_output("stream", text="hello")]
    notebook.cells[1].source = "words of yesterday"
    nbformat.write(notebook, path)
    assert build.differences() != []
    build.build(LESSON, run=False, console=Console(quiet=True))
    assert build.differences() == []
    kept = next(cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    assert (kept.execution_count, kept.outputs[0].text) == (7, "hello")


def test_new_code_does_not_keep_old_outputs(built):
    path = built / "solutions" / "00_start_here.ipynb"
    notebook = nbformat.read(path, as_version=4)
    next(cell for cell in notebook.cells if cell.cell_type == "code").source = "yesterday()"
    nbformat.write(notebook, path)
    build.build(LESSON, run=False, console=Console(quiet=True))
    assert "yesterday()" in path.read_text()
    assert build.differences() == ["solutions/00_start_here.ipynb is not what its source says"]
