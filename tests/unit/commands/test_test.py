"""`./workshop test`: which lanes run, what is read from pytest's files, and what the last lines say."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from lab.base.errors import LearnerError
from lab.base.pace import allow
from lab.base.settings import ROOT
from lab.commands import test, test_report
from lab.commands.test_report import Failure, Result
from tests.support.waiting import until

JUNIT = """<?xml version="1.0"?><testsuites><testsuite errors="1" failures="1" skipped="1" tests="5">
<testcase classname="tests.unit.test_a" name="test_one" time="1.5"/>
<testcase classname="tests.unit.test_a" name="test_two[x.y]" time="0.5">
<failure message="assert 1 == 2&#10;&#10;  it is [no]"/></testcase>
<testcase classname="tests.unit.test_a" name="test_two[x.y]" time="0.1"><error message="tear-down"/></testcase>
<testcase classname="tests.unit.test_b.TestIt" name="test_three" time="2"><skipped message="why"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def junit(tmp_path: Path) -> Path:
    path = tmp_path / "unit.xml"
    path.write_text(JUNIT)
    return path


@pytest.mark.parametrize(
    ("free_gb", "cores", "slower", "wanted"),
    [
        (16, 2, 1.0, 3),
        (16, 2, 1.2, 3),
        (16, 2, 1.3, 2),
        (16, 1, 1.0, 2),
        (8, 2, 1.0, 2),
        (7, 8, 4.0, 2),
        (4, 2, 1.0, 1),
    ],
)
def test_as_many_lanes_as_memory_and_cores_can_serve(
    monkeypatch: pytest.MonkeyPatch, free_gb: float, cores: int, slower: float, wanted: int
) -> None:
    monkeypatch.delenv("LAB_TEST_STATE", raising=False)
    monkeypatch.setattr(test, "pace", lambda: slower)
    assert test.lanes(9, free_gb, cores) == wanted
    assert test.lanes(1, free_gb, cores) == 1
    monkeypatch.setenv("LAB_TEST_STATE", "a stack that runs")
    assert test.lanes(9, free_gb, cores) == 1


@pytest.mark.parametrize("stage", test.PARTS)
def test_every_file_of_a_divided_stage_is_in_one_part(stage: str) -> None:
    parts = test.parts_of(stage, ())
    dealt = [file for part in parts for file in part.files]
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / stage).rglob("test_*.py")}
    assert len(parts) == test.PARTS[stage]
    assert (len(dealt), set(dealt)) == (len(there), there)
    assert len({part.name for part in parts}) == len(parts)


def test_what_pytests_options_choose_is_not_divided() -> None:
    assert [part.files for part in test.parts_of("services", ["-k", "proxy"])] == [("tests/services",)]
    assert [part.files for part in test.parts_of("unit", ())] == [("tests/unit",)]


def test_the_parts_of_a_stage_are_one_line_and_one_bad_part_makes_it_bad() -> None:
    parts = [
        Result("services", 0, 70.0, 5, 0, 1, left_out=Counter(long=1)),
        Result("unit", 0, 3.0, passed=4),
        Result("services", 1, 30.0, 2, 1, 0, failures=[Failure("a")], left_out=Counter(long=2)),
    ]
    services, unit = test_report.joined(parts, ["services", "notebooks", "unit"])
    assert (services.code, services.seconds, services.passed, services.failed, services.skipped) == (1, 100.0, 7, 1, 1)
    assert (services.failures, services.left_out) == ([Failure("a")], Counter(long=3))
    assert (unit.code, unit.passed) == (0, 4)


def test_a_word_that_is_no_stage_is_refused() -> None:
    with pytest.raises(LearnerError, match="no stage servises"):
        test.run(["servises"])


def test_a_test_that_fails_twice_is_one_failure(junit: Path) -> None:
    result = test_report.read("unit", 1, 9.0, junit)
    assert (result.passed, result.failed, result.skipped, result.code) == (1, 1, 1, 1)
    assert list(result.failures) == [Failure("tests/unit/test_a.py::test_two[x.y]", "assert 1 == 2\n  it is [no]")]
    assert {test.file for test in result.tests} == {"tests/unit/test_a.py", "tests/unit/test_b.py"}


def test_a_stage_without_a_result_is_a_failure(tmp_path: Path) -> None:
    result = test_report.read("browser", 0, 1.0, tmp_path / "none.xml")
    assert (result.failed, result.code) == (1, 1)


def test_a_stage_of_which_the_options_leave_nothing_is_no_failure(junit: Path) -> None:
    junit.write_text("<testsuites><testsuite skipped='0' tests='0'/></testsuites>")
    assert test_report.read("unit", test_report.NO_TESTS, 1.0, junit).code == 0


def test_what_was_left_out_is_counted_by_what_it_is(junit: Path) -> None:
    junit.with_suffix(".left-out.json").write_text(json.dumps({"long outages": 2}))
    assert test_report.read("unit", 0, 1.0, junit).left_out == Counter({"long outages": 2})


def test_the_last_line_counts_everything(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    results = [
        Result("unit", 0, 3.0, passed=4),
        Result("services", 1, 70.0, 1, 1, 2, failures=[Failure("tests/services/test_x.py::test_y", "assert [bold]")]),
    ]
    test_report.show(results, 75.0, tmp_path, durations=False, thorough=False)
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "5 passed, 1 failed, 2 skipped"
    assert lines[-2] == "All stages took 1 min 15 s."
    named = next(at for at, line in enumerate(lines) if "tests/services/test_x.py::test_y" in line)
    assert lines[named + 1] == "    assert [bold]", "why it failed stands below it"
    assert any(str(tmp_path) in line for line in lines)


def test_what_all_would_add_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    left_out = Counter({"long outages": 2, "fuzzing": 1})
    test_report.show([Result("unit", 0, 3.0, 4, left_out=left_out)], 3.0, tmp_path, False, False)
    assert "--all to run it: fuzzing (1 test), long outages (2 tests)." in capsys.readouterr().err


def test_the_slowest_tests_and_files_are_one_option_away(
    junit: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    test_report.show([test_report.read("unit", 1, 9.0, junit)], 9.0, tmp_path, True, False)
    said = capsys.readouterr().err
    assert "2.0  tests/unit/test_b.py::test_three" in said
    assert "2.1      3  tests/unit/test_a.py" in said


LONG = """
import time
from pathlib import Path

def test_that_takes_long():
    Path({started!r}).touch()
    try:
        time.sleep(600)
    finally:
        Path({ended!r}).touch()
"""


def test_sigterm_ends_the_tests_that_run_in_order(tmp_path: Path) -> None:
    """Ctrl-C reaches pytest from the terminal; SIGTERM reaches the one command alone."""
    started, ended = tmp_path / "started", tmp_path / "ended"
    file = tmp_path / "test_long.py"
    file.write_text(LONG.format(started=str(started), ended=str(ended)))
    argv = (sys.executable, "-P", "-m", "lab", "test", "unit", str(file), "--ignore-glob=tests/unit/*")
    environment = {**os.environ, "LAB_STATE": str(tmp_path / "state"), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(argv, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as command:
        until(started.exists, 60)
        command.terminate()
        assert command.wait(allow(60)) == 128 + signal.SIGTERM
    assert ended.exists()
