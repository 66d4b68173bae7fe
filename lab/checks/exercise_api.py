"""The learner's one object per exercise: check(), hint() and solution().

`exercise("l02.publish")` begins an attempt: from here on the checks count. Running the cell again begins a new one.
"""

from __future__ import annotations

import inspect
import time
from typing import Any

from IPython.display import DisplayHandle, display

from lab.base.settings import settings
from lab.checks import progress, view
from lab.checks.attempt import Attempt
from lab.checks.baseline import record
from lab.checks.exercise import Exercise, find
from lab.checks.outcome import Verdict
from lab.checks.runner import decide
from lab.checks.stub_detection import cell_source
from lab.course import manifest, source

PROGRESS_AFTER_SECONDS = 2.0
"""A check that takes longer shows what it is waiting for."""


class ExerciseApi:
    """One exercise in a learner's notebook."""

    def __init__(self, exercise: Exercise, written: str, query: str = "") -> None:
        self._exercise = exercise
        self._hints_given = 0
        self.verdict: Verdict | None = None
        """The last verdict, None before the first check."""
        self.attempt = _begin(exercise, written, query)
        display(view.begun(exercise.id, exercise.title))

    @property
    def id(self) -> str:
        """The exercise's id."""
        return self._exercise.id

    def __repr__(self) -> str:
        return f"exercise {self._exercise.id}: {self._exercise.title}"

    def check(self, *answers: Any) -> None:
        """Ask the running services whether this attempt reached the goal; pass values where the exercise asks."""
        line = _ProgressLine()
        self.attempt.say = line.say
        self.verdict = decide(self._exercise, self.attempt, answers)
        line.close()
        progress.record_check(self._exercise.id, self.verdict.outcome == "passed")
        display(view.verdict(self._exercise.id, self.verdict))

    def hint(self) -> None:
        """Show the next of three hints: a nudge, the command, nearly the answer."""
        self._hints_given = min(self._hints_given + 1, len(self._exercise.hints))
        progress.record_hint(self._exercise.id)
        words = self._exercise.hints[self._hints_given - 1]
        display(view.hint(self._exercise.id, self._hints_given, words, self._hints_given == len(self._exercise.hints)))

    def solution(self) -> None:
        """Show the reference answer."""
        lesson = manifest.lesson(self._exercise.id)
        cell = source.exercises(source.read(lesson.source))[self._exercise.id]
        display(view.solution(self._exercise.id, cell.solution))


def exercise(exercise_id: str) -> ExerciseApi:
    """Begin an attempt at the exercise of this id. Raises LearnerError when there is none."""
    frame = inspect.currentframe()
    return ExerciseApi(find(exercise_id), cell_source(frame.f_back if frame else None))


def flux_exercise(exercise_id: str, query: str) -> ExerciseApi:
    """Begin an attempt whose answer is the text of a %%flux cell."""
    return ExerciseApi(find(exercise_id), "", query)


def _begin(exercise: Exercise, written: str, query: str) -> Attempt:
    attempt = Attempt(exercise.id, time.time(), record(exercise.services), source=written, query=query)
    if exercise.mark is not None:
        try:
            attempt.mark = exercise.mark(attempt)
        except Exception:  # noqa: BLE001 - the check will ask the services and name the one in trouble
            attempt.mark = None
    return attempt


class _ProgressLine:
    """One line that appears when a check takes longer than two seconds and goes when it ends."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._shown: DisplayHandle | None = None

    def say(self, words: str) -> None:
        seconds = time.monotonic() - self._began
        if settings().practice or seconds < PROGRESS_AFTER_SECONDS:
            return
        card = view.progress(f"{words} ({seconds:.0f} s)")
        if self._shown is None:
            self._shown = display(card, display_id=True)
        else:
            self._shown.update(card)

    def close(self) -> None:
        if self._shown is not None:
            self._shown.update(view.progress("Checked."))
