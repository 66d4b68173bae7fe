"""Composes one lesson's two notebooks from its authored cells: the learner's with stubs, the solution with answers.

Pure: nothing is read or written here, and the same source gives the same bytes.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lab.checks.exercise import Exercise
from lab.course.manifest import Lesson
from lab.course.source import Cell, SourceError

Version = Literal["learner", "solution"]
TAGS = frozenset({"setup", "exercise", "check", "cleanup", "varies"})
"""Tags an author may use; docs/authoring.md explains each."""
IGNORED_BY_NBVAL = "nbval-ignore-output"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_SVG = "{http://www.w3.org/2000/svg}"


def compose(
    lesson: Lesson,
    cells: tuple[Cell, ...],
    exercises: Mapping[str, Exercise],
    picture: str,
    *,
    version: Version,
    following: Lesson | None = None,
) -> Any:
    """The notebook of a lesson, without outputs. Raises SourceError when a rule of the format is broken."""
    built = [new_markdown_cell(_title(lesson, picture))]
    built += _body(cells, exercises, version)
    built.append(new_markdown_cell(_ending(following)))
    for number, cell in enumerate(built):
        cell["id"] = cell["metadata"].pop("name", f"{lesson.id}-{number:02d}")
    notebook = new_notebook(cells=built, metadata=METADATA)
    nbformat.validate(notebook)
    return notebook


def image_name(lesson: Lesson) -> str:
    """File name of the lesson's diagram beside the notebooks."""
    return f"{lesson.notebook}.svg"


def picture_text(svg: str) -> str:
    """The text alternative of a diagram: its `desc`. Raises SourceError when there is none."""
    words = ET.fromstring(svg).findtext(f"{_SVG}desc")  # noqa: S314 - our own file
    if not words:
        raise SourceError("a diagram needs a <desc> that says in words what it shows")
    return " ".join(words.split())


def _body(cells: tuple[Cell, ...], exercises: Mapping[str, Exercise], version: Version) -> Iterator[Any]:
    count, open_exercise = 0, None
    for cell, following in zip(cells, (*cells[1:], None), strict=True):
        if cell.exercise is not None:
            open_exercise = cell.exercise
        if cell.kind == "markdown":
            introduced = following.exercise if following else None
            count += introduced is not None
            yield new_markdown_cell(_markdown(cell, exercises.get(introduced or ""), count))
        else:
            yield _code(cell, open_exercise, version)


def _markdown(cell: Cell, introduces: Exercise | None, number: int) -> str:
    if introduces is None:
        return cell.text
    heading = f"### Exercise {number}: {introduces.title}"
    # a text with a heading of its own opens a section, and the exercise comes at its end
    parts = (cell.text, heading) if cell.text.startswith("#") else (heading, cell.text)
    return "\n\n".join((*parts, f"**Goal.** {introduces.goal}"))


def _code(cell: Cell, open_exercise: str | None, version: Version) -> Any:
    unknown = set(cell.tags) - TAGS
    if unknown:
        raise SourceError(f"unknown tags: {', '.join(sorted(unknown))}")
    text = cell.solution if version == "solution" else cell.stub
    if cell.has("check") and version == "learner":
        text += _help(text)
    tags = [*cell.tags, *([IGNORED_BY_NBVAL] if cell.has("varies") else [])]
    metadata: dict[str, Any] = {"tags": tags} if tags else {}
    name = (open_exercise or "").replace(".", "-")
    if cell.has("exercise"):
        metadata["name"] = name
    elif cell.has("check"):
        metadata["name"] = f"{name}-check"
    return new_code_cell(text, metadata=metadata)


def _help(check: str) -> str:
    handle = check.partition(".check(")[0].split()[-1]
    stuck = "# Stuck? Remove one # and run again; each hint() says a little more."
    return f"\n{stuck}\n# {handle}.hint()\n# {handle}.solution()"


def _title(lesson: Lesson, picture: str) -> str:
    services = ", ".join(lesson.services) or "none"
    path = " Part of the 90-minute path." if lesson.short_path else ""
    return (
        f"# {lesson.number} · {lesson.title}\n\n"
        f"After this lesson you can **{lesson.objective}**.\n\n"
        f"About {lesson.minutes} minutes.{path} Services it talks to: {services}. "
        f"To begin here, run `./workshop goto {lesson.id}` in a terminal first.\n\n"
        f"![{picture}](images/{image_name(lesson)})"
    )


def _ending(following: Lesson | None) -> str:
    if following is None:
        return "---\nThis was the last lesson. `./workshop progress` shows what is solved."
    return f"---\nNext: [{following.number} · {following.title}]({following.notebook}.ipynb)"
