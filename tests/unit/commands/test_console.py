"""What a person sees: steps ticked off, errors in two lines, findings of the doctor, plans of a reset."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from lab.base.errors import LearnerError
from lab.base.progress import NOTE
from lab.commands import doctor, reset
from lab.commands.console import Steps, status_table
from lab.stack.layout import Layout
from lab.stack.logs import tail
from lab.stack.service import ServiceStatus


def written() -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=200), file


def test_progress_inside_a_step_is_one_line_in_a_file() -> None:
    console, file = written()
    report = Steps(console)
    for line in ("Downloading: 1 of 2", "Downloading: 2 of 2", "Starting"):
        report(line)
    report.finish()
    lines = file.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == ["Downloading", "Starting"]
    assert all(line.startswith("✓") for line in lines)


def test_a_note_is_no_step_and_is_shown_whole() -> None:
    console, file = written()
    report = Steps(console)
    for line in ("Checking Java", f"{NOTE}2.0 GB of memory: [close] something", "Starting"):
        report(line)
    report.finish()
    assert [line.split(" ", 1)[0] for line in file.getvalue().splitlines()] == ["✓", "2.0", "✓"]
    assert "2.0 GB of memory: [close] something" in file.getvalue()


def test_square_brackets_of_a_log_line_are_shown_as_they_are() -> None:
    console, file = written()
    row = ServiceStatus("kafka1", "failed", None, "127.0.0.1:9092", "[error] cannot bind", None)
    console.print(status_table([row]))
    assert "[error] cannot bind" in file.getvalue()


def test_missing_and_outdated_packages_are_named() -> None:
    text = (
        "pytest==0.0.1 \\\n    --hash=sha256:aa\nno-such-package==1.0\nnot-here==1 ; sys_platform == 'win32'\n# note\n"
    )
    assert doctor.missing_packages(text) == ["pytest", "no-such-package"]


def test_a_proxy_for_this_machine_is_bad_and_one_that_spares_it_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    assert doctor.proxy_variables()[0].level == "bad"
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    assert doctor.proxy_variables()[0].level == "good"


def test_every_finding_that_is_not_good_has_a_remedy() -> None:
    assert all(finding.remedy or finding.level == "good" for finding in [*doctor.clock(), *doctor.disk()])


def test_resetting_influxd_removes_its_data_and_its_secrets_only(tmp_path: Path) -> None:
    here = Layout(tmp_path, tmp_path / "cache")
    planned = reset.plan(["influxd"], here)
    assert planned.paths == (
        tmp_path / "data/influxd",
        tmp_path / "secrets/influx-token",
        tmp_path / "secrets/influx-password",
    )
    assert "buckets" in planned.lines[0]


def test_resetting_what_is_not_there_says_what_is(tmp_path: Path) -> None:
    with pytest.raises(LearnerError, match="no service and no lesson zookeeper"):
        reset.plan(["zookeeper"], Layout(tmp_path, tmp_path / "cache"))


def test_the_tail_of_a_log_leaves_empty_lines_out(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\n\ntwo\nthree\n\n")
    assert tail(log, 2) == ["two", "three"]
    assert tail(tmp_path / "none.log", 2) == []
