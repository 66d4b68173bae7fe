"""The lint of the course: what every lesson must have, checked on its source and its built solution, without services.

Each rule is a small function from a lesson to its faults; tests/unit/authoring/test_lint.py runs them all.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any

import nbformat

from lab.authoring import attempts, build
from lab.authoring.notebook import IGNORED_BY_NBVAL, picture_text
from lab.base.settings import ROOT
from lab.checks import exercise
from lab.course import source
from lab.course.manifest import Lesson
from lab.course.source import Cell

LONGEST_ANSWER_LINES = 15
LONGEST_GOAL = 240
"""Characters: a goal is one sentence about one effect."""
LESSON_FILES = frozenset({"lesson.py", "checks.py", "attempts.py", "diagram.svg", "state.py"})
_FIRST_LINE = re.compile(r'^(ex\d+) = exercise\("([^"]+)"\)$')
_MAGIC_LINE = re.compile(r"^%%flux .*--exercise (ex\d+) (\S+)")
_EMPTY_ALT = re.compile(r"!\[\s*\]\(|<img(?![^>]*alt=)")

Rule = Callable[[Lesson], Iterator[str]]


def faults(lesson: Lesson) -> list[str]:
    """Every fault of a lesson, one line each."""
    return [f"{lesson.folder}: {fault}" for rule in RULES for fault in rule(lesson)]


def exercises_are_declared(lesson: Lesson) -> Iterator[str]:
    """Cells, judges and attempts name the same exercises, all of this lesson."""
    cells, judged, tried = set(_cells(lesson)), set(exercise.of_lesson(lesson)), set(attempts.declared(lesson))
    for name in cells | judged | tried:
        if not name.startswith(f"{lesson.id}."):
            yield f"{name} does not begin with {lesson.id}."
        yield from (
            f"{name} has no {what}"
            for what, found in (("cell", cells), ("judge", judged), ("attempts", tried))
            if name not in found
        )


def words_are_there(lesson: Lesson) -> Iterator[str]:
    """Title, a goal of one sentence, three different hints."""
    for name, found in exercise.of_lesson(lesson).items():
        if not found.title or not found.goal:
            yield f"{name} needs a title and a goal"
        if len(found.goal) > LONGEST_GOAL:
            yield f"{name}: the goal is longer than {LONGEST_GOAL} characters; one exercise, one idea"
        if len(set(filter(None, found.hints))) != 3:
            yield f"{name} needs three different hints"


def stubs_have_a_todo(lesson: Lesson) -> Iterator[str]:
    """A TODO per stub, valid Python, and no more to write than a learner can."""
    for name, cell in _cells(lesson).items():
        if "TODO" not in cell.stub:
            yield f"{name}: the stub has no TODO"
        if not 1 <= len(cell.to_write) <= LONGEST_ANSWER_LINES:
            yield f"{name}: {len(cell.to_write)} lines to write, 1 to {LONGEST_ANSWER_LINES} are allowed"
        if not cell.stub.startswith("%%") and not _parses(cell.stub):
            yield f"{name}: the stub is no valid Python"


def cells_begin_and_check(lesson: Lesson) -> Iterator[str]:
    """Each exercise begins its own attempt after a text, and has exactly one check cell, that of its handle."""
    cells = source.read(lesson.source)
    handles: set[str] = set()
    for index, cell in enumerate(cells):
        if cell.exercise is None:
            continue
        if index == 0 or cells[index - 1].kind != "markdown":
            yield f"{cell.exercise}: no markdown cell right before it"
        begin = _FIRST_LINE.match(cell.text.splitlines()[0]) or _MAGIC_LINE.match(cell.text.splitlines()[0])
        if begin is None or begin.group(2) != cell.exercise:
            yield f'{cell.exercise}: the first line must be exN = exercise("{cell.exercise}")'
            continue
        if begin.group(1) in handles:
            yield f"{cell.exercise}: the handle {begin.group(1)} is used twice"
        handles.add(begin.group(1))
        checks = [c for c in _until_next_exercise(cells[index + 1 :]) if c.has("check")]
        if len(checks) != 1 or not checks[0].text.split("\n")[-1].startswith(f"{begin.group(1)}.check("):
            yield f"{cell.exercise}: needs one check cell whose last line is {begin.group(1)}.check(...)"


def nothing_is_spoilt(lesson: Lesson) -> Iterator[str]:
    """No cell calls hint() or solution()."""
    for cell in source.read(lesson.source):
        if cell.kind == "code" and re.search(r"^\s*ex\d+\.(hint|solution)\(", cell.text, re.MULTILINE):
            yield "a cell calls hint() or solution(); Run All must not spoil an answer"


def pictures_have_words(lesson: Lesson) -> Iterator[str]:
    """Every image has a text alternative, the diagram a title and a description."""
    for cell in source.read(lesson.source):
        if cell.kind == "markdown" and _EMPTY_ALT.search(cell.text):
            yield "an image without a text alternative"
    path = lesson.path / "diagram.svg"
    svg = path.read_text() if path.exists() else ""
    if 'role="img"' not in svg or "<title" not in svg or len(picture_text(svg)) < 40:
        yield 'diagram.svg needs role="img", a <title>, and a <desc> that says what it shows'


def there_is_a_recap(lesson: Lesson) -> Iterator[str]:
    """The last text is the recap."""
    texts = [cell.text for cell in source.read(lesson.source) if cell.kind == "markdown"]
    if not texts or not texts[-1].startswith("## Recap"):
        yield "the last markdown cell must begin with ## Recap"


def no_stray_files(lesson: Lesson) -> Iterator[str]:
    """A lesson's folder holds the known files and nothing else."""
    for path in lesson.path.iterdir():
        if path.name not in LESSON_FILES and path.name != "__pycache__" and not path.match("checks_*.py"):
            yield f"{path.name} does not belong here"


def every_exercise_is_tried(lesson: Lesson) -> Iterator[str]:
    """At least two wrong answers, each with words of its own, and another right one."""
    for name, found in attempts.declared(lesson).items():
        if len(found.wrong) < 2:
            yield f"{name}: at least two wrong answers are needed"
        if not all(wrong.says for wrong in found.wrong):
            yield f"{name}: every wrong answer needs the words that it must get"
        cell = _cells(lesson).get(name)
        if cell and cell.answered(found.other) == cell.solution:
            yield f"{name}: the other right answer is the reference"


def solution_is_compared(lesson: Lesson) -> Iterator[str]:
    """In the built solution every cell ran, exercises and checks have outputs and are compared, none is an error."""
    path = build.target(lesson, "solution")
    if not path.exists():
        yield f"{path.name} is not built"
        return
    for cell in nbformat.read(path, as_version=4)["cells"]:
        if cell["cell_type"] == "code":
            yield from (f"solution cell {cell['id']}: {fault}" for fault in _solution_faults(cell))


def _solution_faults(cell: Any) -> Iterator[str]:
    tags = cell["metadata"].get("tags", [])
    if cell["execution_count"] is None:
        yield "has no execution count"
    if not cell["outputs"] and {"exercise", "check"} & set(tags):
        yield "has no output"
    if IGNORED_BY_NBVAL in tags and {"exercise", "check"} & set(tags):
        yield "is an exercise or a check and not compared"
    if any(output["output_type"] == "error" for output in cell["outputs"]):
        yield "holds an error"
    if str(ROOT) in str(cell["outputs"]):
        yield "shows a path of this machine"


def _until_next_exercise(cells: tuple[Cell, ...]) -> Iterator[Cell]:
    for cell in cells:
        if cell.exercise is not None:
            return
        yield cell


def _cells(lesson: Lesson) -> dict[str, Cell]:
    return source.exercises(source.read(lesson.source))


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


RULES: tuple[Rule, ...] = (
    exercises_are_declared,
    words_are_there,
    stubs_have_a_todo,
    cells_begin_and_check,
    nothing_is_spoilt,
    pictures_have_words,
    there_is_a_recap,
    no_stray_files,
    every_exercise_is_tried,
    solution_is_compared,
)
