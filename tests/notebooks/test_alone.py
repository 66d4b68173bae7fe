"""Every solution alone: a fresh stack, `goto`, then nbval.

These come first, by their file's name: the stack that the other files share does not run yet. A stack stops, which is
mostly waiting, while the next one starts.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from lab.authoring import build
from lab.course import manifest
from lab.authoring.execute import kernel_environment
from lab.base.pace import allow
from lab.base.settings import Settings
from tests.notebooks.nbval_run import nbval


DOWN = (sys.executable, "-m", "lab", "down")


@pytest.fixture(scope="module")
def stop_behind() -> Iterator[Callable[[], None]]:
    """Begins to stop the stack of LAB_STATE once the one before it has stopped in good order."""
    leaving: list[subprocess.Popen[bytes]] = []

    def see_it_gone() -> None:
        if leaving:
            before = leaving.pop()
            said, _ = before.communicate(timeout=allow(120))
            assert before.returncode == 0, said.decode()

    def stop() -> None:
        see_it_gone()
        with kernel_environment():
            leaving.append(subprocess.Popen(DOWN, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))

    yield stop
    see_it_gone()


@pytest.fixture
def fresh_state(tmp_path, monkeypatch, stop_behind):
    """A state folder with nothing in it; its services are stopped afterwards."""
    state = tmp_path / "state"
    monkeypatch.setenv("LAB_STATE", str(state))
    monkeypatch.setattr("lab.authoring.execute.settings", Settings)
    yield state
    stop_behind()


@pytest.mark.thorough("every solution alone on a fresh stack")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("lesson", manifest.authored(), ids=lambda lesson: lesson.id)
def test_solution_alone(lesson, fresh_state, tmp_path):
    with kernel_environment():
        command = [sys.executable, "-m", "lab.course.goto", lesson.id]
        went = subprocess.run(command, check=False, capture_output=True, text=True, timeout=allow(180))
    assert went.returncode == 0, went.stdout + went.stderr
    compared = nbval(build.target(lesson, "solution"), tmp_path)
    assert compared.failed == 0, compared.report
