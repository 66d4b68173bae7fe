"""What state a service is in, decided on recorded histories of the supervisor's and the service's own words."""

from __future__ import annotations

import pytest

from lab.stack.influxd.progress import Progress
from lab.stack.service_status import Answer, decide
from lab.stack.supervisor import Process


def process(state: str, pid: int | None = 7, description: str = "pid 7, uptime 0:01:00") -> Process:
    return Process("kafka1", state, pid, 60, description)


YES = Answer(True, "3 brokers known")
NO = Answer(False, "connection refused")


@pytest.mark.parametrize(
    ("seen", "heard", "last", "wanted"),
    [
        (process("RUNNING"), YES, "", ("ready", "3 brokers known")),
        (process("STARTING"), YES, "", ("ready", "3 brokers known")),
        (process("RUNNING"), NO, "", ("starting", "connection refused")),
        (process("BACKOFF", None), None, "no such file", ("starting", "ended right after its start; no such file")),
        (process("FATAL", None), None, "OutOfMemoryError", ("failed", "OutOfMemoryError")),
        (process("FATAL", None, "can't find command"), None, "", ("failed", "can't find command")),
        (process("EXITED", None), None, "bye", ("failed", "bye")),
        (process("STOPPED", None), None, "bye", ("stopped", "")),
        (None, None, "", ("stopped", "")),
    ],
)
def test_state_of_a_broker(seen: Process | None, heard: Answer | None, last: str, wanted: tuple[str, str]) -> None:
    assert decide("kafka1", seen, heard, None, last) == wanted


def test_a_build_shows_its_progress_until_influxd_answers() -> None:
    building = Progress("compiling package 3 of 10", 0.43)
    assert decide("influxd", process("STOPPED", None), None, building, "") == (
        "building",
        "43%, compiling package 3 of 10",
    )
    assert decide("influxd", process("RUNNING"), YES, building, "")[0] == "ready"


def test_a_failed_build_is_a_failed_influxd() -> None:
    building = Progress("", 0.0, failed="Rust is missing.\nInstall Rust.")
    assert decide("influxd", None, None, building, "") == ("failed", "Rust is missing. Install Rust.")


def test_a_build_says_nothing_about_other_services() -> None:
    assert decide("kafka1", process("RUNNING"), NO, Progress("compiling", 0.5), "")[0] == "starting"


def test_a_frozen_service_that_runs_but_does_not_answer_is_not_ready() -> None:
    assert decide("proxy", process("RUNNING"), Answer(False, "timed out"), None, "") == ("starting", "timed out")
