"""InfluxDB's complaint about a Flux script, shown under the line and column it blames.

The server writes places as `@line:column-line:column` (both from 1), in compile errors and in run-time errors alike.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from lab.base import palette
from lab.checks.view import Card

_PLACE = re.compile(r"@(\d+):(\d+)(?:-(\d+):(\d+))?:?\s*")


@dataclass(frozen=True)
class Blame:
    """One complaint; line and column count from 1, `width` in characters. Line 0: the server named no place."""

    words: str
    line: int = 0
    column: int = 0
    width: int = 1


def blames(message: str) -> list[Blame]:
    """The complaints in one message of the server, in its order."""
    parts = _PLACE.split(message)
    if len(parts) == 1:
        return [Blame(message.strip())]
    # split() gives: words before, then (line, column, line, column, words) for each place
    groups = [parts[i : i + 5] for i in range(1, len(parts), 5)]
    return [_blame(*group) for group in groups]


def _blame(line: str, column: str, end_line: str | None, end_column: str | None, words: str) -> Blame:
    same_line = end_line == line and end_column is not None
    width = max(1, int(end_column or 0) - int(column)) if same_line else 1
    cleaned = re.sub(r"\s*(error|compilation failed:|runtime error)?\s*$", "", words).strip()
    return Blame(cleaned, int(line), int(column), width)


def message_of(error: Any) -> str:
    """The server's words in an ApiException."""
    try:
        return str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return str(error.body or error.reason)


def marked(query: str, blame: Blame) -> str:
    """The blamed source line with its number, and carets below the blamed part."""
    lines = query.splitlines()
    if not 1 <= blame.line <= len(lines):
        return ""
    prefix = f"{blame.line:>3} | "
    return f"{prefix}{lines[blame.line - 1]}\n{' ' * (len(prefix) + blame.column - 1)}{'^' * blame.width}"


def explain(query: str, error: Any) -> Card:
    """A card with each complaint and the line it blames."""
    found = blames(message_of(error))
    lines = tuple((f"Line {blame.line}, column {blame.column}" if blame.line else "", blame.words) for blame in found)
    code = "\n".join(filter(None, (marked(query, blame) for blame in found)))
    return Card("✗ InfluxDB refused this Flux", lines, palette.NOT_YET, code, edge="solid")
