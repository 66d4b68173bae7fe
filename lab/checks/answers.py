"""What a learner hands to check(): a wrong kind of value, or a function that fails, is "not yet" and no exception."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from lab.checks.outcome import NotYet


def number(answer: object, what: str) -> float:
    """The answer as a float. Raises NotYet when it is no finite number; `what` names it, e.g. "hours"."""
    if isinstance(answer, bool) or not isinstance(answer, Real) or not math.isfinite(answer):
        raise NotYet(f"{what} is {answer!r}, of type {type(answer).__name__}.", f"{what} as a number.")
    return float(answer)


def whole(answer: object, what: str) -> int:
    """The answer as an integer. Raises NotYet when it is none."""
    value = number(answer, what)
    if value != int(value):
        raise NotYet(f"{what} is {answer!r}.", f"{what} as a whole number.")
    return int(value)


def text(answer: object, what: str) -> str:
    """The answer as text without outer spaces. Raises NotYet when it is none."""
    if not isinstance(answer, str):
        raise NotYet(f"{what} is {answer!r}, of type {type(answer).__name__}.", f"{what} as text in quotes.")
    return answer.strip()


def one_of(answer: object, what: str, choices: tuple[str, ...]) -> str:
    """The answer as one of the choices, letter case aside. Raises NotYet when it is none of them."""
    given = text(answer, what).lower()
    if given not in choices:
        raise NotYet(f"{what} is {answer!r}.", f"one of {', '.join(choices)}.")
    return given


def called(
    function: Any, *arguments: object, call: str, wanted: str, likely_cause: str = "", next_step: str = ""
) -> Any:
    """What the learner's function returns. Raises NotYet when it raises; `call` names the call, e.g. "burn(0)"."""
    try:
        return function(*arguments)
    except Exception as error:
        raise NotYet(f"{call} raised {type(error).__name__}: {error}", wanted, likely_cause, next_step) from error
