"""Every solution alone: a fresh stack, `goto`, then nbval.

These come first, by their file's name: the stack that the other files share does not run yet.
"""

import subprocess
import sys

import pytest

from lab.course import build, manifest
from lab.course.execute import kernel_environment
from lab.settings import Settings
from tests.notebooks.nbval_run import nbval


@pytest.fixture
def fresh_state(tmp_path, monkeypatch):
    """A state folder with nothing in it; its services are stopped afterwards."""
    state = tmp_path / "state"
    monkeypatch.setenv("LAB_STATE", str(state))
    monkeypatch.setattr("lab.course.execute.settings", Settings)
    yield state
    with kernel_environment():
        subprocess.run([sys.executable, "-m", "lab", "down"], check=True, timeout=120, capture_output=True)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("lesson", manifest.authored(), ids=lambda lesson: lesson.id)
def test_solution_alone(lesson, fresh_state, tmp_path):
    with kernel_environment():
        command = [sys.executable, "-m", "lab.course.goto", lesson.id]
        went = subprocess.run(command, check=False, capture_output=True, text=True, timeout=180)
    assert went.returncode == 0, went.stdout + went.stderr
    compared = nbval(build.target(lesson, "solution"), tmp_path)
    assert compared.failed == 0, compared.report
