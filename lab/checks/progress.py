"""Progress: which exercises are solved, in a text file under the state folder that a person can read and edit.

One TOML table per exercise: `solved` (RFC 3339, absent until then), `checks` and `hints` (how many were asked).
"""

from __future__ import annotations

import argparse
import json
import logging
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from lab.base import files
from lab.base.errors import MachineError
from lab.base.settings import settings
from lab.checks import exercise
from lab.course import manifest

log = logging.getLogger(__name__)
_HEADER = "# Progress in the course, one table per exercise. Kept by the checks; safe to read and to edit.\n"


@dataclass(frozen=True)
class Entry:
    """What is known about one exercise."""

    solved: str = ""
    checks: int = 0
    hints: int = 0


def path() -> Path:
    """The progress file of this clone."""
    return settings().state / "progress.toml"


def read() -> dict[str, Entry]:
    """Every entry by exercise id. Raises MachineError when the file is not readable TOML."""
    try:
        found = tomllib.loads(path().read_text())
        return {name: Entry(**fields) for name, fields in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, TypeError) as error:
        raise MachineError(f"{path()} cannot be read: {error}", "Fix it, or remove it to start again.") from error


def write(entries: dict[str, Entry]) -> None:
    """Write every entry in one step."""
    files.write(path(), _HEADER + "".join(_table(name, entry) for name, entry in sorted(entries.items())))


def record_check(exercise_id: str, passed: bool) -> None:
    """Count one check; the first pass stays the time of solving."""
    entry = read().get(exercise_id, Entry())
    solved = entry.solved or (datetime.now(UTC).isoformat(timespec="seconds") if passed else "")
    _update(exercise_id, replace(entry, checks=entry.checks + 1, solved=solved))


def record_hint(exercise_id: str) -> None:
    """Count one hint."""
    entry = read().get(exercise_id, Entry())
    _update(exercise_id, replace(entry, hints=entry.hints + 1))


def forget(exercise_ids: Sequence[str]) -> None:
    """Remove the entries of these exercises."""
    write({name: entry for name, entry in read().items() if name not in exercise_ids})


def report() -> list[dict[str, Any]]:
    """One row per lesson: id, title, solved, exercises, and the ids still open."""
    done = {name for name, entry in read().items() if entry.solved}
    rows = []
    for lesson in manifest.authored():
        names = list(exercise.of_lesson(lesson))
        open_ones = [name for name in names if name not in done]
        counts = {"solved": len(names) - len(open_ones), "exercises": len(names), "open": open_ones}
        rows.append({"lesson": lesson.id, "title": lesson.title, "notebook": lesson.notebook, **counts})
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    """`./workshop progress [--json]`."""
    parser = argparse.ArgumentParser(prog="workshop progress", description="What is solved, lesson by lesson.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    rows = report()
    console = Console()
    if parser.parse_args(argv).json:
        console.print_json(json.dumps(rows))
        return 0
    console.print(_shown(rows))
    open_lesson = next((row for row in rows if row["open"]), None)
    if open_lesson:
        console.print(f"Next: {open_lesson['open'][0]} in notebooks/{open_lesson['notebook']}.ipynb")
    return 0


def _shown(rows: list[dict[str, Any]]) -> Table:
    table = Table("lesson", "title", "solved", "still open", box=None)
    for row in rows:
        waiting = ", ".join(name.split(".")[1] for name in row["open"])
        table.add_row(row["lesson"], row["title"], f"{row['solved']} of {row['exercises']}", waiting)
    return table


def _update(exercise_id: str, entry: Entry) -> None:
    if settings().practice:
        return
    write({**read(), exercise_id: entry})


def _table(name: str, entry: Entry) -> str:
    solved = f'solved = "{entry.solved}"\n' if entry.solved else ""
    return f'\n["{name}"]\n{solved}checks = {entry.checks}\nhints = {entry.hints}\n'
