"""`./workshop build`: notebooks/ and solutions/ from course/.

Learner notebooks are written as they are composed. Solutions are executed on the running stack when their code
changed (or with --force); when only texts changed they keep their outputs. `--check` writes nothing and fails on any
difference, any missing and any stray file.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from rich.console import Console

from lab.authoring.execute import execute, failed_checks
from lab.authoring.notebook import Version, compose, image_name, picture_text
from lab.base.errors import LabError
from lab.base.settings import ROOT
from lab.checks import exercise
from lab.course import goto, manifest, source
from lab.course.manifest import Lesson

FOLDERS: dict[Version, Path] = {"learner": ROOT / "notebooks", "solution": ROOT / "solutions"}


def composed(lesson: Lesson, version: Version) -> Any:
    """One notebook of a lesson, composed from its source."""
    following = next((other for other in manifest.lessons() if other.id > lesson.id), None)
    cells = source.read(lesson.source)
    exercises, picture = exercise.of_lesson(lesson), picture_text(_svg(lesson))
    return compose(lesson, cells, exercises, picture, version=version, following=following)


def target(lesson: Lesson, version: Version) -> Path:
    """Where a notebook of a lesson is built to."""
    return FOLDERS[version] / f"{lesson.notebook}.ipynb"


def differences(lessons: Sequence[Lesson] = ()) -> list[str]:
    """What is not as the source says, one line per file: of these lessons, or of all and what belongs to none."""
    wrong = [line for lesson in lessons or manifest.authored() for line in _lesson_differences(lesson)]
    return wrong if lessons else wrong + [f"{path.relative_to(ROOT)} belongs to no lesson" for path in _strays()]


def build(lesson: Lesson, run: bool = True, force: bool = False, console: Console | None = None) -> None:
    """Write a lesson's notebooks and pictures; execute its solution when needed and `run`.

    Raises LabError when a cell fails or a check of the solution does not pass.
    """
    console = console or Console()
    for folder in FOLDERS.values():
        (folder / "images").mkdir(parents=True, exist_ok=True)
        (folder / "images" / image_name(lesson)).write_text(_svg(lesson))
    target(lesson, "learner").write_text(_text(composed(lesson, "learner")))
    if not force and _same_code(lesson):
        _keep_outputs(lesson)
    elif run:
        with console.status(f"Executing the solution of {lesson.id}"):
            _execute(lesson)
    console.print(f"{lesson.id} built")


def main(argv: Sequence[str] | None = None) -> int:
    """`./workshop build [LESSON ...] [--check] [--no-execute] [--force]`."""
    parser = argparse.ArgumentParser(prog="workshop build", description="Build notebooks/ and solutions/ from course/.")
    parser.add_argument("lessons", nargs="*", help="ids such as l02; all when none is named")
    parser.add_argument("--check", action="store_true", help="write nothing; fail on any difference")
    parser.add_argument(
        "--no-execute", action="store_true", help="execute nothing; solutions whose code changed stay as they are"
    )
    parser.add_argument("--force", action="store_true", help="execute solutions even when their source is unchanged")
    options = parser.parse_args(argv)
    console = Console()
    named = [manifest.lesson(name) for name in options.lessons]
    if options.check:
        return _check(console, named)
    chosen = named or list(manifest.authored())
    failures = [error for lesson in chosen if (error := _tried(lesson, options, console))]
    for error in failures:
        console.print(error.cause, error.remedy, sep="\n", markup=False, highlight=False)
    return 1 if failures else 0


def _tried(lesson: Lesson, options: argparse.Namespace, console: Console) -> LabError | None:
    try:
        build(lesson, not options.no_execute, options.force, console)
    except source.SourceError as error:
        return LabError(f"{lesson.folder}: {error}", "docs/authoring.md has the rules of the format.")
    except LabError as error:
        return error
    return None


def _check(console: Console, named: Sequence[Lesson]) -> int:
    wrong = differences(named)
    for line in wrong:
        console.print(line, markup=False, highlight=False)
    if wrong:
        console.print("Run ./workshop build and commit what it writes.")
    return 1 if wrong else 0


def _execute(lesson: Lesson) -> None:
    goto.prepare(lesson)
    notebook = execute(composed(lesson, "solution"), FOLDERS["solution"], lesson.folder)
    target(lesson, "solution").write_text(_text(notebook))
    if wrong := failed_checks(notebook):
        said = "\n".join(wrong)
        raise LabError(f"{lesson.folder}: a check of the solution did not pass.\n{said}", "Fix it and build again.")


def _lesson_differences(lesson: Lesson) -> list[str]:
    wrong = []
    learner = target(lesson, "learner")
    if not learner.exists() or learner.read_text() != _text(composed(lesson, "learner")):
        wrong.append(f"{learner.relative_to(ROOT)} is not what its source says")
    if not _same_source(lesson):
        wrong.append(f"{target(lesson, 'solution').relative_to(ROOT)} is not what its source says")
    for folder in FOLDERS.values():
        image = folder / "images" / image_name(lesson)
        if not image.exists() or image.read_text() != _svg(lesson):
            wrong.append(f"{image.relative_to(ROOT)} is not what its source says")
    return wrong


def _same_source(lesson: Lesson) -> bool:
    """Whether the built solution has the cells of its source, outputs aside."""
    path = target(lesson, "solution")
    if not path.exists():
        return False
    return _cells(nbformat.read(path, as_version=4)) == _cells(composed(lesson, "solution"))


def _same_code(lesson: Lesson) -> bool:
    """Whether the built solution has the code cells of its source, so that its outputs still hold."""
    path = target(lesson, "solution")
    if not path.exists():
        return False
    built, wanted = _cells(nbformat.read(path, as_version=4)), _cells(composed(lesson, "solution"))
    return _code(built) == _code(wanted)


def _code(cells: list[tuple[str, str, str, tuple[str, ...]]]) -> list[tuple[str, tuple[str, ...]]]:
    return [(text, tags) for _, kind, text, tags in cells if kind == "code"]


def _keep_outputs(lesson: Lesson) -> None:
    """Write the solution with its present texts and the outputs that it has."""
    path = target(lesson, "solution")
    built = [cell for cell in nbformat.read(path, as_version=4)["cells"] if cell["cell_type"] == "code"]
    notebook = composed(lesson, "solution")
    for cell, before in zip((c for c in notebook["cells"] if c["cell_type"] == "code"), built, strict=True):
        cell["outputs"], cell["execution_count"] = before["outputs"], before["execution_count"]
    path.write_text(_text(notebook))


def _cells(notebook: Any) -> list[tuple[str, str, str, tuple[str, ...]]]:
    cells = notebook["cells"]
    return [(c["id"], c["cell_type"], c["source"], tuple(c["metadata"].get("tags", ()))) for c in cells]


def _strays() -> list[Path]:
    wanted = {target(lesson, version) for lesson in manifest.authored() for version in FOLDERS}
    wanted |= {folder / "images" / image_name(lesson) for lesson in manifest.authored() for folder in FOLDERS.values()}
    found = {path for folder in FOLDERS.values() for path in folder.rglob("*") if path.is_file()}
    return sorted(path for path in found - wanted if ".ipynb_checkpoints" not in path.parts)


def _svg(lesson: Lesson) -> str:
    path = lesson.path / "diagram.svg"
    if not path.exists():
        raise source.SourceError(f"{lesson.folder}/diagram.svg is missing")
    return path.read_text()


def _text(notebook: Any) -> str:
    return str(nbformat.writes(notebook, version=4)) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
