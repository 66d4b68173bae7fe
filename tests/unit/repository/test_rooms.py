"""The rooms are those of the contract in pyproject.toml and of the drawing in docs/architecture.md."""

from __future__ import annotations

import re

from importlinter.cli import lint_imports

from lab.base.settings import ROOT

PAGE = (ROOT / "docs/architecture.md").read_text()


def test_no_room_imports_what_lies_above_or_beside_it() -> None:
    """Imports inside functions included, and no file imports itself by way of others."""
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True) == 0


def test_the_drawing_has_every_room_and_no_other() -> None:
    drawing = PAGE.partition("## Rooms")[2].partition("```")[2].partition("```")[0]
    drawn = set(re.findall(r"\b([a-z]+)/", drawing))
    there = {path.parent.name for path in (ROOT / "lab").glob("*/__init__.py")}
    assert drawn == there


def test_every_file_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`((?:lab|course|tests|docs|notebooks|solutions)/[\w./-]*)`", PAGE))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
