"""Tries the checks: every exercise's stub, wrong answers and right answers, on the running stack.

`attempts.py` of a lesson declares ATTEMPTS, one entry per exercise. `python -m lab.authoring.attempts l02` prints what
each try came to; its exit code is 1 when one came to something else than it must.
"""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from lab.base.errors import LearnerError
from lab.checks.outcome import Outcome
from lab.course import manifest, source
from lab.course.manifest import Lesson

if TYPE_CHECKING:
    from lab.authoring.tryout import Try


@dataclass(frozen=True)
class Wrong:
    """A plausible wrong answer and a fragment of what its check must say."""

    name: str
    code: str
    says: str


@dataclass(frozen=True)
class Attempts:
    """At least two wrong answers and one right answer that is not the reference; the stub and the reference are known.

    `others` are further right answers: the unusual ones that a check must not refuse.
    Code stands for everything between the first BEGIN SOLUTION and the last END SOLUTION of the exercise's cell.
    `undo` runs after each try, in the same namespace.
    """

    wrong: tuple[Wrong, ...]
    other: str
    undo: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tried:
    """One row of the table: which try of which exercise, what it came to and what it had to come to."""

    exercise: str
    name: str
    outcome: str
    expected: str
    said: str
    fault: str
    seconds: float


@dataclass(frozen=True)
class _Planned:
    name: str
    code: str
    expected: Outcome
    says: str = ""


def declared(lesson: Lesson) -> dict[str, Attempts]:
    """The attempts of a lesson by exercise id."""
    found = importlib.import_module(f"course.{lesson.folder}.attempts").ATTEMPTS
    return dict(found)


def try_exercise(lesson: Lesson, exercise_id: str) -> Iterator[Tried]:
    """Try everything that is declared for one exercise, on the running stack. Raises LearnerError when nothing is."""
    from lab.authoring.tryout import try_answer

    cells = source.read(lesson.source)
    attempts = declared(lesson).get(exercise_id)
    if attempts is None:
        raise LearnerError(f"{exercise_id} has no attempts.", f"Declare them in course/{lesson.folder}/attempts.py.")
    heard: dict[str, str] = {}
    for planned in _plan(source.exercises(cells)[exercise_id], attempts):
        tried = try_answer(cells, exercise_id, planned.code, attempts.undo)
        yield _row(exercise_id, planned, tried, heard)


def _plan(cell: source.Cell, attempts: Attempts) -> Iterator[_Planned]:
    yield _Planned("stub", cell.stub, Outcome.NOT_ATTEMPTED)
    for wrong in attempts.wrong:
        yield _Planned(f"wrong: {wrong.name}", cell.answered(wrong.code), Outcome.NOT_YET, wrong.says)
    yield _Planned("reference", cell.solution, Outcome.PASSED)
    for number, code in enumerate((attempts.other, *attempts.others), 1):
        yield _Planned(f"other {number}", cell.answered(code), Outcome.PASSED)


def _row(exercise_id: str, planned: _Planned, tried: Try, heard: dict[str, str]) -> Tried:
    outcome = str(tried.verdict.outcome) if tried.verdict else "no verdict"
    said = tried.verdict.text if tried.verdict else tried.error
    fault = ""
    if outcome != planned.expected:
        fault = f"must be {planned.expected}" + (f" ({tried.error})" if tried.error else "")
    elif planned.says not in said:
        fault = f"must say {planned.says!r}"
    elif planned.says and said in heard:
        fault = f"says the same as {heard[said]}"
    heard.setdefault(said, planned.name)
    return Tried(exercise_id, planned.name, outcome, planned.expected, said, fault, round(tried.seconds, 1))


def main(argv: Sequence[str] | None = None) -> int:
    """`python -m lab.authoring.attempts LESSON|EXERCISE ... [--json]`."""
    parser = argparse.ArgumentParser(prog="python -m lab.authoring.attempts", description="Try the checks.")
    parser.add_argument("names", nargs="*", help="ids such as l02 or l02.publish; all when none is named")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    rows = [
        row for lesson, names in chosen_exercises(options.names) for name in names for row in try_exercise(lesson, name)
    ]
    console = Console()
    if options.json:
        console.file.write(json.dumps([asdict(row) for row in rows]) + "\n")
    else:
        _show(rows, console)
    return 1 if any(row.fault for row in rows) else 0


def chosen_exercises(names: Sequence[str]) -> Iterator[tuple[Lesson, list[str]]]:
    """The lessons and exercises that a command line names; all of the course when it names none."""
    for name in names or [lesson.id for lesson in manifest.authored()]:
        lesson = manifest.lesson(name)
        every = list(source.exercises(source.read(lesson.source)))
        yield lesson, [name] if "." in name else every


def _show(rows: list[Tried], console: Console) -> None:
    table = Table("exercise", "try", "outcome", "s", "fault", "said", box=None)
    for row in rows:
        table.add_row(row.exercise, row.name, row.outcome, str(row.seconds), row.fault, row.said)
    console.print(table)
    console.print(_summary(rows))


def _summary(rows: list[Tried]) -> Table:
    """How many tries of each kind came to what they must."""
    table = Table("tries", "must be", "are", "of", box=None)
    kinds = {"stubs": "stub", "wrong answers, each with its own words": "wrong", "references": "reference"}
    for words, begin in {**kinds, "other right answers": "other"}.items():
        found = [row for row in rows if row.name.startswith(begin)]
        expected = found[0].expected if found else ""
        table.add_row(words, expected, str(sum(not row.fault for row in found)), str(len(found)))
    return table


if __name__ == "__main__":
    raise SystemExit(main())
