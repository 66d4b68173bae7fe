"""Runs a judge under a deadline and turns whatever happens into a verdict.

The judge runs in a thread of its own, so that no check can hang a notebook: after the deadline it is left
behind and the services are asked instead. Before a learner is told "not yet", the services are asked too.
"""

from __future__ import annotations

import inspect
import logging
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from threading import Thread
from typing import Any

from lab.base.errors import LabError, ServiceError
from lab.base.pace import allow
from lab.checks import health
from lab.checks.attempt import Attempt
from lab.checks.exercise import Exercise
from lab.checks.outcome import NotAttempted, NotYet, Outcome, Verdict
from lab.checks.stub_detection import check_cell, is_stub

log = logging.getLogger(__name__)


def decide(exercise: Exercise, attempt: Attempt, answers: tuple[Any, ...]) -> Verdict:
    """Judge one attempt; never raises and never takes much longer than the exercise's deadline."""
    if wrong := _misfit(exercise, answers):
        return wrong
    if any(answer is None or answer is ... for answer in answers):
        return NotAttempted("There is no answer to check yet.").verdict
    stub = is_stub(exercise.id, attempt)
    attempt.patient = not stub
    outcome = _run(exercise, attempt, answers)
    if outcome.outcome is not Outcome.NOT_YET:
        return outcome
    if stub:
        return NotAttempted().verdict
    return health.trouble(exercise.services) or health.refused_readings(exercise) or outcome


def _misfit(exercise: Exercise, answers: tuple[Any, ...]) -> Verdict | None:
    """What to say when check() was given more or fewer answers than the exercise has; None when they fit."""
    try:
        inspect.signature(exercise.judge).bind(None, *answers)
    except TypeError:
        given = "nothing" if not answers else "one value" if len(answers) == 1 else f"{len(answers)} values"
        return Verdict(
            Outcome.NOT_ATTEMPTED,
            f"check was given {given}.",
            check_cell(exercise.id),
            next_step="Write the check's cell like that again, and run it.",
        )
    return None


def _run(exercise: Exercise, attempt: Attempt, answers: tuple[Any, ...]) -> Verdict:
    result: Future[Verdict] = Future()

    def work() -> None:
        try:
            result.set_result(Verdict(Outcome.PASSED, exercise.judge(attempt, *answers)))
        except BaseException as error:  # noqa: BLE001 - handed over to the waiting thread
            result.set_exception(error)

    Thread(target=work, name=f"check-{exercise.id}", daemon=True).start()
    try:
        return result.result(timeout=allow(exercise.deadline))
    except FutureTimeoutError:
        return health.trouble(exercise.services) or _too_slow(exercise)
    except (NotYet, NotAttempted) as word:
        return word.verdict
    except ServiceError as error:
        return health.trouble(exercise.services) or _lab(error)
    except LabError as error:
        return _lab(error)
    except Exception as error:
        log.exception("the check of %s failed", exercise.id)
        return health.trouble(exercise.services) or _broken(exercise, error)


def _lab(error: LabError) -> Verdict:
    return Verdict(Outcome.TROUBLE, error.cause, next_step=error.remedy)


def _too_slow(exercise: Exercise) -> Verdict:
    return Verdict(
        Outcome.TROUBLE,
        f"The check did not finish within {allow(exercise.deadline):.0f} s, though every service answers.",
        next_step="Run the check again; if it stays, run the exercise's cell again and then the check.",
    )


def _broken(exercise: Exercise, error: Exception) -> Verdict:
    return Verdict(
        Outcome.TROUBLE,
        f"The check itself failed: {type(error).__name__}: {error}",
        next_step=f"Run the exercise's cell again and then the check. If it stays, report {exercise.id} as a bug.",
    )
