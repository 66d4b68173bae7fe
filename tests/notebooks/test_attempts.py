"""Every exercise's stub, wrong answers and right answers on the real stack, each with the verdict it must get."""

import json
import subprocess
import sys
from functools import cache

import pytest

from lab.course import goto, manifest, source
from lab.authoring.execute import kernel_environment
from lab.base.pace import allow

EXERCISES = [(lesson, name) for lesson in manifest.authored() for name in source.exercises(source.read(lesson.source))]


@cache
def tried(lesson_id):
    """All tries of one lesson, run in a process of its own: what answers leave behind goes with it."""
    with kernel_environment():
        command = [sys.executable, "-m", "lab.authoring.attempts", lesson_id, "--json"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=allow(1500))
    assert done.stdout, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.thorough("every wrong and right answer of every exercise")
@pytest.mark.timeout(1600)
@pytest.mark.parametrize(("lesson", "name"), EXERCISES, ids=[name for _, name in EXERCISES])
def test_attempts(lesson, name, stack):
    goto.prepare(lesson, stack)
    rows = [row for row in tried(lesson.id) if row["exercise"] == name]
    assert len(rows) >= 5
    assert [(row["name"], row["fault"], row["said"]) for row in rows if row["fault"]] == []
