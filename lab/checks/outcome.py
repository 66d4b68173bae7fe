"""What a check can say: four outcomes, each with its words.

- passed: the effect was seen in the running services;
- not yet: something was tried and the effect is missing or wrong;
- not attempted: the exercise's cell is still as it was given;
- problem in the lab: a service or the check itself failed, and nothing is said about the answer.

The words of a passed check must be the same on every run (no times, no offsets): solutions are compared by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The four outcomes; the value is what a person reads."""

    PASSED = "passed"
    NOT_YET = "not yet"
    NOT_ATTEMPTED = "not attempted"
    TROUBLE = "problem in the lab"


@dataclass(frozen=True)
class Verdict:
    """One outcome and its reasons; empty parts are not shown."""

    outcome: Outcome
    seen: str
    wanted: str = ""
    likely_cause: str = ""
    next_step: str = ""

    @property
    def text(self) -> str:
        """Every word of it on one line, for searching."""
        return " ".join(filter(None, (self.seen, self.wanted, self.likely_cause, self.next_step)))


class NotYet(Exception):  # noqa: N818 - it is a verdict, not an error
    """Raised by a judge: what was seen, what was wanted, the likely cause and one next step.

    Say what to look at, never the answer.
    """

    def __init__(self, seen: str, wanted: str, likely_cause: str = "", next_step: str = "") -> None:
        super().__init__(seen)
        self.verdict = Verdict(Outcome.NOT_YET, seen, wanted, likely_cause, next_step)


class NotAttempted(Exception):  # noqa: N818 - it is a verdict, not an error
    """Raised by a judge or a mark: there is nothing to judge yet."""

    def __init__(self, seen: str = "The exercise's cell is as it was given.") -> None:
        super().__init__(seen)
        step = "Replace the TODO lines, run the cell, then run the check again."
        self.verdict = Verdict(Outcome.NOT_ATTEMPTED, seen, next_step=step)


def require(condition: object, seen: str, wanted: str, likely_cause: str = "", next_step: str = "") -> None:
    """Raise NotYet with these words unless `condition` holds."""
    if not condition:
        raise NotYet(seen, wanted, likely_cause, next_step)
