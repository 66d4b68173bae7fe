"""An exercise: its words, its three hints and the judge that looks at effects.

`checks.py` of each lesson declares them with the decorator `judge`; importing it fills the registry.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lab.base.errors import LearnerError
from lab.checks.attempt import Attempt
from lab.course import manifest

JudgeFunction = Callable[..., str]
"""Takes the attempt and what the learner handed to check(); returns the words of a pass or raises NotYet."""
MarkFunction = Callable[[Attempt], Any]
"""Runs when an attempt begins; what it returns is `attempt.mark`."""


@dataclass(frozen=True)
class Exercise:
    """One exercise. `deadline` is in seconds on the reference machine, for the whole check."""

    id: str
    title: str
    goal: str
    hints: tuple[str, str, str]
    judge: JudgeFunction
    services: tuple[str, ...]
    deadline: float
    mark: MarkFunction | None = None
    pipeline: bool = False
    """Whether the pipeline's own sink and task must work for it."""

    @property
    def lesson(self) -> str:
        return self.id.split(".")[0]


_registry: dict[str, Exercise] = {}


def judge(
    exercise_id: str,
    *,
    title: str,
    goal: str,
    hints: tuple[str, str, str],
    services: tuple[str, ...] | None = None,
    deadline: float = 30.0,
    mark: MarkFunction | None = None,
) -> Callable[[JudgeFunction], JudgeFunction]:
    """Declare the exercise that the decorated function judges.

    `services` are those whose failure makes it problem in the lab; the lesson's own when not given.
    """

    def register(function: JudgeFunction) -> JudgeFunction:
        lesson = manifest.lesson(exercise_id)
        needed, pipeline = lesson.services if services is None else services, "sink" in lesson.needs
        _registry[exercise_id] = Exercise(exercise_id, title, goal, hints, function, needed, deadline, mark, pipeline)
        return function

    return register


def of_lesson(lesson: manifest.Lesson) -> dict[str, Exercise]:
    """The exercises that a lesson's checks.py declares, by id."""
    if (lesson.path / "checks.py").exists():
        importlib.import_module(f"course.{lesson.folder}.checks")
    return {name: found for name, found in _registry.items() if found.lesson == lesson.id}


def find(exercise_id: str) -> Exercise:
    """The exercise of an id. Raises LearnerError when there is none."""
    declared = of_lesson(manifest.lesson(exercise_id))
    if exercise_id not in declared:
        raise LearnerError(
            f"There is no exercise called {exercise_id}.", f"This lesson has {', '.join(declared) or 'none'}."
        )
    return declared[exercise_id]
