"""No changed reference answer passes its check: every exercise's mutants on the real stack."""

import json
import subprocess
import sys

import pytest

from lab.authoring.execute import kernel_environment
from lab.base.pace import allow
from lab.course import goto, manifest


@pytest.mark.thorough("every mutant of every reference answer: about a quarter of an hour a lesson")
@pytest.mark.timeout(7300)
@pytest.mark.parametrize("lesson", manifest.authored(), ids=lambda lesson: lesson.id)
def test_no_mutant_passes(lesson, stack):
    goto.prepare(lesson, stack)
    with kernel_environment():
        command = [sys.executable, "-m", "lab.authoring.mutants", lesson.id, "--json"]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, timeout=min(7200, allow(3600)))
    summaries = json.loads(done.stdout.splitlines()[-1])
    assert summaries
    assert all(summary["tried"] or summary["equivalent"] for summary in summaries)
    assert {summary["exercise"]: summary["faults"] for summary in summaries if summary["faults"]} == {}
