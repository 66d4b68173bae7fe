"""The one exception base of the kit.

Every error a person can meet carries a cause (what happened and why) and a remedy (the next step), because
the command line, the checks and the widgets all show the same two lines. Children are sorted by blame.
"""

from __future__ import annotations


class LabError(Exception):
    """Something went wrong that a person must hear about.

    `cause` says what happened and why in one line; `remedy` names one next step.
    """

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.cause}\n{self.remedy}"


class LearnerError(LabError):
    """What the learner asked for cannot be done as asked: an argument, an order of steps, a name."""


class ServiceError(LabError):
    """One of the running services refused, failed or did not answer; `service` is its name."""

    def __init__(self, service: str, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.service = service


class MachineError(LabError):
    """The machine cannot do it: a tool, a port, memory or disk is missing."""
