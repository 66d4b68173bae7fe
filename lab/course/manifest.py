"""The manifest of the course: course/manifest.toml, read once.

An exercise is named `<lesson id>.<word>`; everything else about a lesson is found from its id.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from lab.base.errors import LearnerError
from lab.base.settings import ROOT

COURSE = ROOT / "course"


class Lesson(BaseModel):
    """One lesson as the manifest lists it; `minutes` is the time a learner needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    folder: str
    notebook: str
    title: str
    objective: str
    minutes: int
    services: tuple[str, ...]
    needs: tuple[str, ...]
    short_path: bool

    @property
    def path(self) -> Path:
        """Folder of the authored source."""
        return COURSE / self.folder

    @property
    def source(self) -> Path:
        return self.path / "lesson.py"

    @property
    def number(self) -> str:
        """Two digits, as in the notebook's name."""
        return self.id[1:]


@cache
def lessons() -> tuple[Lesson, ...]:
    """Every lesson in order."""
    listed = tomllib.loads((COURSE / "manifest.toml").read_text())["lesson"]
    return TypeAdapter(tuple[Lesson, ...]).validate_python(listed)


def authored() -> tuple[Lesson, ...]:
    """The lessons whose source exists."""
    return tuple(lesson for lesson in lessons() if lesson.source.exists())


def lesson(name: str) -> Lesson:
    """The lesson of an id (`l02`, `02`, `2`), a folder, a notebook's name or an exercise id.

    Raises LearnerError when there is none.
    """
    wanted = name.partition(".")[0]
    if wanted.isdigit():
        wanted = f"l{int(wanted):02d}"
    for candidate in lessons():
        if wanted in (candidate.id, candidate.folder, candidate.notebook):
            return candidate
    known = ", ".join(candidate.id for candidate in lessons())
    raise LearnerError(f"There is no lesson called {name}.", f"Name one of {known}.")
