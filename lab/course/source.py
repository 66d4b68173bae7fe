"""The authored source of a lesson: percent-format Python with the answers inside.

Rules of the format (docs/authoring.md has them with examples):
- an answer is between `### BEGIN SOLUTION` and `### END SOLUTION`;
- lines in it that begin with `#:` are what the learner gets instead;
- a cell with `magic="..."` is written as comments and built into a cell magic.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
_STUB = re.compile(r"^(\s*)#: ?(.*)$")
_COMMENT = re.compile(r"^# ?")
_HEADER = re.compile(r"^# %%(?P<markdown> \[markdown\])?(?P<options>.*)\n", re.MULTILINE)
_OPTION = re.compile(r"""(?P<name>\w+)=(?P<value>"[^"]*"|\[[^]]*])""")


class SourceError(ValueError):
    """The authored source breaks a rule of the format."""


@dataclass(frozen=True)
class Cell:
    """One authored cell; `text` still holds the answers and their markers."""

    kind: str
    text: str
    tags: tuple[str, ...] = ()
    exercise: str | None = None

    def has(self, tag: str) -> bool:
        return tag in self.tags

    @property
    def solution(self) -> str:
        """The cell with the reference answer, without markers and stub lines."""
        return "\n".join(line for line in self.text.splitlines() if not _is_marker(line))

    @property
    def stub(self) -> str:
        """The cell as the learner first meets it."""
        return "\n".join(line for inside, line in _marked(self.text) if line is not None and inside != "answer")

    @property
    def to_write(self) -> list[str]:
        """The lines a learner writes: those of the answer that carry code."""
        comment = ("#", "//") if self.text.startswith("%%") else ("#",)
        answers = (line for inside, line in _marked(self.text) if inside == "answer" and line is not None)
        return [line for line in answers if line.strip() and not line.strip().startswith(comment)]

    def answered(self, code: str) -> str:
        """The cell with `code` in place of everything from the first BEGIN to the last END."""
        lines = self.text.splitlines()
        first = next(i for i, line in enumerate(lines) if line.strip().startswith(BEGIN))
        last = max(i for i, line in enumerate(lines) if line.strip() == END)
        indent = re.match(r"\s*", lines[first]).group()  # type: ignore[union-attr]
        body = [indent + line if line else line for line in code.strip("\n").splitlines()]
        return "\n".join([*lines[:first], *body, *lines[last + 1 :]])


def _is_marker(line: str) -> bool:
    return line.strip() in (BEGIN, END) or _STUB.match(line) is not None


def _marked(text: str) -> list[tuple[str, str | None]]:
    """Each line as (`given`, `stub` or `answer`, line); markers as None."""
    marked: list[tuple[str, str | None]] = []
    inside = False
    for line in text.splitlines():
        word = line.strip()
        if word in (BEGIN, END):
            if inside == (word == BEGIN):
                raise SourceError(f"{word} without its partner")
            inside = word == BEGIN
            marked.append(("given", None))
        elif stub := _STUB.match(line):
            if not inside:
                raise SourceError(f"a stub line outside an answer: {line}")
            marked.append(("stub", stub.group(1) + stub.group(2)))
        else:
            marked.append(("answer" if inside else "given", line))
    if inside:
        raise SourceError(f"{BEGIN} without {END}")
    return marked


@cache
def parse(text: str) -> tuple[Cell, ...]:
    """The cells of one authored source. Raises SourceError when it breaks a rule of the format."""
    return tuple(_cell(*raw) for raw in raw_cells(text))


def raw_cells(text: str) -> Iterator[tuple[str, dict[str, object], str]]:
    """Kind, options and text of each cell of the percent format.

    A notebook reads its lesson at the first check. jupytext, which reads the format too (a test holds the two
    together), takes two seconds to import there.
    """
    headers = [*_HEADER.finditer(text)]
    ends = [*(header.start() for header in headers[1:]), len(text)]
    for header, end in zip(headers, ends, strict=True):
        body = text[header.end() : end].strip("\n")
        if header["markdown"]:
            body = "\n".join(_COMMENT.sub("", line) for line in body.splitlines())
        yield "markdown" if header["markdown"] else "code", _options(header["options"]), body


def _options(written: str) -> dict[str, object]:
    """`tags=["check"] id="l00.point"` as a mapping. Raises SourceError when it is not of that form."""
    try:
        found = {match["name"]: ast.literal_eval(match["value"]) for match in _OPTION.finditer(written)}
    except (SyntaxError, ValueError) as error:
        raise SourceError(f"the options of a cell cannot be read: {written.strip()}") from error
    if _OPTION.sub("", written).strip():
        raise SourceError(f"the options of a cell cannot be read: {written.strip()}")
    return found


def _cell(kind: str, metadata: dict[str, object], text: str) -> Cell:
    magic = metadata.pop("magic", None)
    if magic is not None:
        body = "\n".join(_COMMENT.sub("", line) for line in text.splitlines())
        text = f"%%{magic}\n{body}"
    tags, exercise = metadata.pop("tags", ()), metadata.pop("id", None)
    cell = Cell(kind, text, tuple(tags) if isinstance(tags, list) else (), str(exercise) if exercise else None)
    if metadata:
        raise SourceError(f"a cell has unknown options: {', '.join(sorted(metadata))}")
    if (cell.exercise is not None) != cell.has("exercise"):
        raise SourceError('an exercise cell needs both tags=["exercise"] and id="..."')
    _marked(cell.text)
    return cell


def read(path: Path) -> tuple[Cell, ...]:
    """The cells of a lesson.py."""
    return parse(path.read_text())


def exercises(cells: tuple[Cell, ...]) -> dict[str, Cell]:
    """The exercise cells by id, in order. Raises SourceError when an id occurs twice."""
    found: dict[str, Cell] = {}
    for cell in cells:
        if cell.exercise is None:
            continue
        if cell.exercise in found:
            raise SourceError(f"{cell.exercise} occurs twice")
        found[cell.exercise] = cell
    return found
