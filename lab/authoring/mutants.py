"""Tries changed reference answers: each mutant of `lab.authoring.mutation` is an attempt, and none may pass.

A mutant that is as right as the reference is listed in the lesson's attempts.py, with the reason:
`EQUIVALENT = {"l00.point": {"key of the mutant": "why it is right, too"}}`. It is not tried. A key that no mutant has
is a fault, so that the list never outlives the answer it speaks of.
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

from lab.authoring.attempts import chosen_exercises, declared
from lab.authoring.mutation import MOST, Mutant, chosen, mutants
from lab.base.progress import Report
from lab.checks.outcome import Outcome
from lab.course import source
from lab.course.manifest import Lesson

if TYPE_CHECKING:
    from lab.authoring.tryout import Try

MUTANT_SECONDS = 60
"""A mutant that runs longer waits for something that never comes: it is cut off, and counted as hung."""


@dataclass(frozen=True)
class Tried:
    """What one mutant came to. `fault` is empty when it did not pass and its check gave a verdict."""

    key: str
    operator: str
    outcome: str
    said: str
    fault: str
    seconds: float


@dataclass(frozen=True)
class Summary:
    """One row of the report: the mutants of one exercise."""

    exercise: str
    made: int
    equivalent: int
    tried: tuple[Tried, ...]
    stale: tuple[str, ...]

    @property
    def passed(self) -> list[Tried]:
        return [each for each in self.tried if each.outcome == Outcome.PASSED]

    @property
    def hung(self) -> list[Tried]:
        return [each for each in self.tried if "cut off" in each.said]

    @property
    def faults(self) -> list[str]:
        """What must be changed in the lesson, its check or its list of equivalents."""
        return [f"{each.key}: {each.fault}" for each in self.tried if each.fault] + [
            f"{key}: listed as equivalent, but there is no such mutant" for key in self.stale
        ]


def equivalents(lesson: Lesson) -> dict[str, dict[str, str]]:
    """The mutants of a lesson that are right answers, by exercise and key, with the reason."""
    module = importlib.import_module(f"course.{lesson.folder}.attempts")
    return dict(getattr(module, "EQUIVALENT", {}))


def try_mutants(lesson: Lesson, exercise_id: str, report: Report, most: int = MOST) -> Summary:
    """Try the mutants of one exercise on the running stack; reports each one."""
    from lab.authoring.tryout import try_answer

    cells = source.read(lesson.source)
    every = mutants(source.exercises(cells)[exercise_id])
    known = equivalents(lesson).get(exercise_id, {})
    sample = chosen([each for each in every if each.key not in known], most)
    undo = declared(lesson)[exercise_id].undo
    tried = []
    for number, mutant in enumerate(sample, 1):
        report(f"{exercise_id}: mutant {number} of {len(sample)}: {mutant.key}")
        tried.append(_row(mutant, try_answer(cells, exercise_id, mutant.code, undo, MUTANT_SECONDS)))
        if tried[-1].fault:
            report(f"    {tried[-1].fault}: {tried[-1].said}")
    stale = tuple(key for key in known if key not in {each.key for each in every})
    return Summary(exercise_id, len(every), len(known) - len(stale), tuple(tried), stale)


def _row(mutant: Mutant, tried: Try) -> Tried:
    outcome = str(tried.verdict.outcome) if tried.verdict else "no verdict"
    said = "; ".join(filter(None, (tried.verdict.text if tried.verdict else "", tried.error)))
    fault = ""
    if outcome == Outcome.PASSED:
        fault = "passes"
    elif outcome == Outcome.TROUBLE:
        fault = "is called a problem in the lab"
    return Tried(mutant.key, mutant.operator, outcome, said, fault, round(tried.seconds, 1))


def main(argv: Sequence[str] | None = None) -> int:
    """`python -m lab.authoring.mutants LESSON|EXERCISE ... [--most N] [--list] [--json]`."""
    parser = argparse.ArgumentParser(prog="python -m lab.authoring.mutants", description="Try changed answers.")
    parser.add_argument("names", nargs="*", help="ids such as l02 or l02.publish; all when none is named")
    parser.add_argument("--most", type=int, default=MOST, help=f"mutants tried per exercise (default: {MOST})")
    parser.add_argument("--list", action="store_true", help="only print the keys; nothing is run")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    console, progress = Console(), Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    if options.list:
        _list(options.names, console)
        return 0
    summaries = list(_summaries(options.names, progress.print, options.most))
    if options.json:
        console.file.write(json.dumps([asdict(summary) | {"faults": summary.faults} for summary in summaries]) + "\n")
    else:
        _show(summaries, console)
    return 1 if any(summary.faults for summary in summaries) else 0


def _summaries(names: Sequence[str], report: Report, most: int) -> Iterator[Summary]:
    for lesson, exercises in chosen_exercises(names):
        for name in exercises:
            yield try_mutants(lesson, name, report, most)


def _list(names: Sequence[str], console: Console) -> None:
    for lesson, exercises in chosen_exercises(names):
        cells = source.exercises(source.read(lesson.source))
        for name in exercises:
            for mutant in mutants(cells[name]):
                console.print(f"{name}  {mutant.key}", markup=False, highlight=False, soft_wrap=True)


def _show(summaries: list[Summary], console: Console) -> None:
    table = Table("exercise", "mutants made", "tried", "passed wrongly", "hung", "equivalent", "s", box=None)
    for summary in summaries:
        seconds = round(sum(each.seconds for each in summary.tried))
        counts = (summary.made, len(summary.tried), len(summary.passed), len(summary.hung), summary.equivalent, seconds)
        table.add_row(summary.exercise, *map(str, counts))
    console.print(table)
    for summary in summaries:
        for fault in summary.faults:
            console.print(f"{summary.exercise}  {fault}", markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    raise SystemExit(main())
