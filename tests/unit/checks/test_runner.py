"""The runner: four outcomes, a deadline, and the services asked before anybody is blamed."""

import threading
import time

import pytest

from lab.base.errors import LearnerError, ServiceError
from lab.base.pace import allow
from lab.checks import NotAttempted, NotYet, require, runner
from lab.checks.attempt import Attempt
from lab.checks.baseline import Baseline
from lab.checks.exercise import Exercise, of_lesson
from lab.checks.outcome import Outcome, Verdict
from lab.course.manifest import lesson
from lab.influx import types

DOWN = Verdict(Outcome.TROUBLE, "kafka does not answer", next_step="Run ./workshop up")


@pytest.fixture(autouse=True)
def world(monkeypatch):
    """Services that answer, and a cell that was changed; tests turn either around."""
    state = {"trouble": None, "stub": False, "wrong": []}
    monkeypatch.setattr(runner.health, "trouble", lambda services: state["trouble"])
    monkeypatch.setattr(types, "problems", lambda where: state["wrong"])
    monkeypatch.setattr(runner.health, "load", lambda: None)
    monkeypatch.setattr(runner, "is_stub", lambda name, attempt: state["stub"])
    return state


def decide(judge, *answers, deadline=5.0, pipeline=False):
    services = ("kafka", "influxd")
    exercise = Exercise("l98.one", "t", "g", ("a", "b", "c"), judge, services, deadline, pipeline=pipeline)
    return runner.decide(exercise, Attempt("l98.one", time.time(), Baseline()), answers)


def no_effect(attempt):
    raise NotYet("nothing", "one record", "a slip", "look")


def test_a_judge_that_returns_has_passed():
    assert decide(lambda attempt: "1 record.") == Verdict(Outcome.PASSED, "1 record.")


def test_not_yet_says_seen_wanted_cause_and_step():
    assert decide(no_effect) == Verdict(Outcome.NOT_YET, "nothing", "one record", "a slip", "look")


@pytest.mark.parametrize("answer", [None, ...])
def test_no_answer_is_not_attempted(answer):
    assert decide(lambda attempt, answer: "", answer).outcome is Outcome.NOT_ATTEMPTED


def test_an_untouched_cell_without_an_effect_is_not_attempted(world):
    world["stub"] = True
    assert decide(no_effect).outcome is Outcome.NOT_ATTEMPTED


def test_an_untouched_cell_with_the_effect_has_passed(world):
    world["stub"] = True
    assert decide(lambda attempt: "seen").outcome is Outcome.PASSED


def test_a_missing_effect_of_the_pipeline_is_blamed_on_a_field_of_another_type(world):
    """One whole number written past the sink makes InfluxDB refuse every reading: the check says so, and the cure."""
    world["wrong"] = [types.WrongType("kafka_raw", "power", "integer", "float")]
    told = decide(no_effect, pipeline=True)
    assert told.outcome is Outcome.TROUBLE
    assert "Field power of bucket kafka_raw is of type integer" in told.seen
    assert "reset influxd" in told.next_step
    assert decide(no_effect).outcome is Outcome.NOT_YET
    assert decide(lambda attempt: "seen", pipeline=True).outcome is Outcome.PASSED


def test_the_lessons_that_need_the_pipeline_are_those_whose_goto_builds_its_sink():
    needing = {
        name for number in (7, 8, 10, 11) for name, one in of_lesson(lesson(f"l{number:02}")).items() if one.pipeline
    }
    assert {name[:3] for name in needing} == {"l10", "l11"}


def test_a_missing_effect_is_blamed_on_a_service_that_is_down(world):
    world["trouble"] = DOWN
    assert decide(no_effect) == DOWN


def test_a_pass_stands_even_when_a_service_goes_down(world):
    world["trouble"] = DOWN
    assert decide(lambda attempt: "seen").outcome is Outcome.PASSED


def test_a_judge_may_say_not_attempted():
    def judge(attempt):
        raise NotAttempted("gives nothing yet")

    assert decide(judge).outcome is Outcome.NOT_ATTEMPTED


def test_a_hanging_judge_is_left_behind_at_the_deadline():
    release = threading.Event()
    began = time.monotonic()
    verdict = decide(lambda attempt: str(release.wait(30)), deadline=0.2)
    release.set()
    assert verdict.outcome is Outcome.TROUBLE
    assert "did not finish within" in verdict.seen
    assert time.monotonic() - began < allow(5)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ServiceError("influxd", "InfluxDB refused", "read it"), "InfluxDB refused"),
        (LearnerError("no stack.json", "run up"), "no stack.json"),
        (KeyError("partition"), "The check itself failed: KeyError"),
    ],
)
def test_other_trouble_is_the_labs_and_never_the_learners(error, words):
    def judge(attempt):
        raise error

    verdict = decide(judge)
    assert verdict.outcome is Outcome.TROUBLE
    assert words in verdict.seen
    assert verdict.next_step


def test_an_untouched_cell_is_not_waited_for(world):
    world["stub"] = True
    began = time.monotonic()
    decide(lambda attempt: require(attempt.wait(lambda: 0, bool, 20), "nothing", "something"))
    assert time.monotonic() - began < allow(3)


def test_wait_returns_the_first_good_look():
    looks = iter([0, 0, 7])
    assert Attempt("l98.one", 0.0, Baseline()).wait(lambda: next(looks), bool, 5) == 7
