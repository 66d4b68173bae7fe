"""Checks: judge, view, hints and progress.

A lesson's checks.py needs nothing but the names exported here; docs/authoring.md shows how.
"""

from lab.checks.answers import called, number, one_of, text, whole
from lab.checks.attempt import Attempt
from lab.checks.exercise import judge
from lab.checks.outcome import NotAttempted, NotYet, require

__all__ = ["Attempt", "NotAttempted", "NotYet", "called", "judge", "number", "one_of", "require", "text", "whole"]
