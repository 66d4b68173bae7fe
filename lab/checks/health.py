"""Is a service healthy? Asked before any learner is blamed for a missing effect.

It asks what `./workshop status` asks, so that a check and `status` never disagree.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from lab.base.addresses import Addresses, load
from lab.base.errors import LabError
from lab.checks.exercise import Exercise
from lab.checks.outcome import Outcome, Verdict


def trouble(services: tuple[str, ...]) -> Verdict | None:
    """Ask these services side by side; the first trouble, or None when all answer."""
    if not services:
        return None
    try:
        where = load()
    except LabError as error:
        return Verdict(Outcome.TROUBLE, error.cause, next_step=error.remedy)
    with ThreadPoolExecutor() as pool:
        return next(filter(None, pool.map(lambda name: _ask(name, where), services)), None)


def refused_readings(exercise: Exercise) -> Verdict | None:
    """That InfluxDB refuses every reading of the pipeline, because a field's first point had another type.

    `./workshop status` and the pipeline map say the same. None for exercises that do not need the pipeline.
    """
    if not exercise.pipeline or "influxd" not in exercise.services:
        return None
    from lab.influx.types import problems

    try:
        wrong = problems(load())
    except LabError:  # the service was asked a moment ago
        return None
    return Verdict(Outcome.TROUBLE, wrong[0].cause, next_step=wrong[0].remedy) if wrong else None


def _ask(name: str, where: Addresses) -> Verdict | None:
    from lab.stack.service_status import answer  # not before a check asks: a lesson's first cell imports this module

    heard = answer(name, where)
    return None if heard.ok else service_down(name, heard.text)


def service_down(name: str, reason: str) -> Verdict:
    """The verdict about a service that did not answer a check."""
    logs = "kafka1" if name == "kafka" else name
    return Verdict(
        Outcome.TROUBLE,
        f"{name} does not answer ({reason}). This is a problem in the lab, not your answer.",
        next_step=f"Run ./workshop up in a terminal and check again; ./workshop logs {logs} says more.",
    )
