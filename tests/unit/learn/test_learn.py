"""What a notebook imports: quickly, and with words for what goes wrong around a check."""

from __future__ import annotations

import ast
import atexit
import subprocess
import sys
from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from lab import learn
from lab.base.settings import ROOT
from lab.checks.exercise import of_lesson
from lab.checks.outcome import Outcome
from lab.checks.runner import _misfit
from lab.checks.stub_detection import check_cell
from lab.checks.view import Card
from lab.course.manifest import authored

CLIENTS = (
    "kafka",
    "confluent_kafka",
    "influxdb_client",
    "httpx",
    "numpy",
    "plotly",
    "nbformat",
    "jsonschema",
    "paho.mqtt",
)


def test_the_first_cell_imports_no_client_of_a_service() -> None:
    """They take seconds on a slow machine, before a learner has seen anything."""
    said = f"import sys; from lab.learn import exercise; print([m for m in {CLIENTS} if m in sys.modules])"
    done = subprocess.run((sys.executable, "-c", said), cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """A kernel's shell that has imported the kit."""
    made = InteractiveShell(colors="nocolor", config=Config({"HistoryManager": {"enabled": False}}))
    monkeypatch.setattr(learn, "get_ipython", lambda: made)
    learn._prepare()
    yield made
    atexit.unregister(made.atexit_operations)
    made.atexit_operations()


def test_a_check_whose_exercise_has_not_run_says_so(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    cards: list[Card] = []
    monkeypatch.setattr(learn, "display", cards.append)
    assert not shell.run_cell("ex2.check()").success
    [card] = cards
    assert "There is no ex2 to check yet" in card.text
    assert "Run All Above" in card.text


def test_any_other_unknown_name_keeps_its_traceback(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(learn, "display", lambda card: pytest.fail(card.text))
    shell.run_cell("partitions + 1")
    assert "NameError: name 'partitions' is not defined" in capsys.readouterr().out


EXERCISES = {name: found for lesson in authored() for name, found in of_lesson(lesson).items()}


@pytest.mark.parametrize("name", EXERCISES)
def test_every_check_cell_gives_what_its_judge_takes_and_other_calls_are_told(name: str) -> None:
    [call] = [
        node
        for node in ast.walk(ast.parse(check_cell(name)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "check"
    ]
    right = len(call.args)
    for given in {0, right, right + 1}:
        verdict = _misfit(EXERCISES[name], ("x",) * given)
        if given == right:
            assert verdict is None
        else:
            assert verdict is not None
            assert verdict.outcome is Outcome.NOT_ATTEMPTED
            assert check_cell(name) in verdict.text
