"""Names and prose use the field's words: none of the phrases that were retired comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.base.settings import ROOT

RETIRED = {
    r"mend(s|ed|ing)?": "fix",
    r"anew|afresh": "again, from scratch",
    r"stand(s|ing)? still|still stands?|faults? that stands?|is standing": "stopped updating; is active",
    r"said nothing|it says? nothing": "no output",
    r"less the": "minus",
    r"by (itself|themselves)": "automatically",
    r"whoever": "say who",
    r"meanwhile": "say when",
    r"shall": "present tense, or must",
    r"in the hand|in my hand|in your hand": "being processed",
    r"the way there": "say what cannot be reached",
    r"lab trouble": "problem in the lab",
    r"still (twin|picture)|text twin": "static snapshot, text version",
    r"go on\?": "Continue?",
    r"begin(s|ning)? anew": "reset",
    r"making (topics|the task|buckets)": "creating ...",
    r"trying java|looking for (anything|kafka's)": "checking ...",
    r"far network|side proxy": "slow network, second proxy",
    r"referee|chronicle|tally|keeper": "runner, event log, row counter, restore",
}
"""Pattern of what is retired to what is written instead."""
ANYWHERE = re.compile("|".join(rf"\b(?:{phrase})(?!\w)" for phrase in RETIRED), re.IGNORECASE)
KINDS = (".py", ".md", ".js", ".css", ".toml", ".ipynb", ".java", ".svg")
FOLDERS = ("lab", "course", "docs", "notebooks", "solutions", "bench", "tests")
EXCEPT = {Path(__file__).resolve()}


def written() -> Iterator[Path]:
    """Every text that a person may read."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in KINDS and not {"target", "__pycache__", "node_modules"} & set(path.parts):
                yield path
    yield from (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "workshop", "docker-compose.yml"))


@pytest.mark.parametrize("path", list(written()), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_retired_phrase(path: Path) -> None:
    if path.resolve() in EXCEPT:
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [f"{n}: {hit.group(0)}" for n, line in enumerate(lines, 1) for hit in ANYWHERE.finditer(line)]
    assert not found, f"{found}; write: {RETIRED}"


@pytest.mark.parametrize(
    "phrase", ["Mend it", "begins anew", "by itself", "It says nothing", "the end less the group's"]
)
def test_the_list_finds_them(phrase: str) -> None:
    assert ANYWHERE.search(phrase)


def test_every_lesson_is_in_the_glossary() -> None:
    page = (ROOT / "docs/glossary.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith(("| term", "| ---"))]
    lessons = {number for row in rows for number in re.findall(r"\d\d", row.rstrip("| ").rpartition("|")[2])}
    assert lessons == {f"{n:02}" for n in range(13)}
    assert [row for row in rows if row.count("|") != 4] == []
