"""A service that is frozen or stopped is problem in the lab with its name and a remedy; no check hangs on it."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from lab.checks.attempt import Attempt
from lab.checks.exercise import find
from lab.checks.baseline import record
from lab.checks.outcome import Outcome
from lab.checks.runner import decide
from lab.base.pace import allow

# a client that is left waiting for a frozen broker closes its sockets when it is collected
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@contextmanager
def frozen(*names):
    """These services hold still: they accept connections and answer nothing."""
    from lab import stack

    controls = [stack.control(name) for name in names]
    for control in controls:
        control.freeze()
    try:
        yield
    finally:
        for control in controls:
            control.thaw()


def verdict(exercise_id, *answers):
    """Begin an attempt while the service is already in trouble, and check it."""
    exercise = find(exercise_id)
    began = time.monotonic()
    attempt = Attempt(exercise_id, time.time(), record(exercise.services))
    judged = decide(exercise, attempt, answers)
    return judged, time.monotonic() - began - allow(exercise.deadline)


FROZEN_TOGETHER = [
    (("influxd", "kafka1", "kafka2", "kafka3"), {"l00.point": ("influxd", ()), "l00.partitions": ("kafka", (6,))}),
    (("proxy",), {"l00.online": ("proxy", ())}),
]
"""Services to freeze, and the exercises to check while they are frozen: the service to be blamed, and the answers to give. Each exercise
needs one frozen service only, so several are checked side by side: a check waits half a minute for a frozen service."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("services", "exercises"), FROZEN_TOGETHER, ids=["influxd-kafka", "proxy"])
def test_a_frozen_service_is_named(stack, services, exercises):
    with frozen(*services), ThreadPoolExecutor() as pool:
        asked = {name: pool.submit(verdict, name, *answers) for name, (_, answers) in exercises.items()}
        judged = {name: answer.result() for name, answer in asked.items()}
    for name, (blamed, _) in exercises.items():
        seen, over = judged[name]
        assert seen.outcome is Outcome.TROUBLE
        assert seen.seen.startswith(f"{blamed} does not answer")
        assert "./workshop" in seen.next_step
        assert over < allow(30)


def test_after_the_thaw_the_check_judges_again(stack):
    exercise = find("l00.partitions")
    attempt = Attempt("l00.partitions", time.time(), record(exercise.services))
    judged = attempt.wait(
        lambda: decide(exercise, attempt, (6,)), lambda seen: seen.outcome is Outcome.PASSED, within=60
    )
    assert judged.outcome is Outcome.PASSED
