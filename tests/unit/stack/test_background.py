"""Steps in the background: the environment they start with, what they leave, and which influxd the supervisor runs."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.base.locks import hold
from lab.base.settings import settings
from lab.stack import background, influxd_install, service_status, supervisor
from lab.stack.influxd import progress, server
from lab.stack.influxd.progress import Progress
from lab.stack.layout import Layout
from lab.stack.service_status import BUILD
from lab.stack.supervisor import Process


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Layout]:
    """A state and a cache folder of this test's own."""
    monkeypatch.setenv("LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    settings.cache_clear()
    made = Layout(tmp_path / "state", tmp_path / "cache")
    made.prepare()
    yield made
    settings.cache_clear()


def test_a_step_gets_the_environment_of_the_up_that_starts_it(place: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(supervisor, "start", lambda name, _: started.append(name))
    monkeypatch.setattr(supervisor, "processes", lambda _: {})
    monkeypatch.setenv("PATH", "/with/rust:/usr/bin")
    monkeypatch.setenv("GOPROXY", 'a "quoted" ; # 100% proxy')
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    background.start("step", place)
    argv = background.service("step", "lab.stack.influxd_install", 3, place).argv
    file, module = place.run / argv[-2], argv[-1]
    assert (started, module) == (["step"], "lab.stack.influxd_install")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    # the supervisor's own environment, of an `up` long ago
    for name, value in {"PATH": "/old", "HTTPS_PROXY": "http://old", "PYTHONPATH": "/clone"}.items():
        monkeypatch.setenv(name, value)
    found = background.adopted(file)
    assert (found["PATH"], found["GOPROXY"]) == ("/with/rust:/usr/bin", 'a "quoted" ; # 100% proxy')
    assert "HTTPS_PROXY" not in found
    assert found["PYTHONPATH"] == "/clone"
    assert found[supervisor.MARK] == str(place.state)
    assert not file.exists()


def test_a_step_becomes_its_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr(background.os, "execve", lambda *call: calls.append(call))
    file = tmp_path / "environment.json"
    file.write_text(json.dumps({"PATH": "/now"}))
    background.main(str(file), "lab.stack.influxd_install")
    assert calls[0][:2] == (sys.executable, (sys.executable, "-P", "-m", "lab.stack.influxd_install"))
    assert isinstance(calls[0][2], dict)
    assert calls[0][2]["PATH"] == "/now"


def test_the_supervisors_influxd_is_a_link_that_can_be_pointed_elsewhere(place: Layout) -> None:
    assert server.used(place) is None
    server.use(Path("/not/there/yet"), place)
    assert server.used(place) == Path("/not/there/yet")
    server.use(Path("/another"), place)
    assert server.used(place) == Path("/another")
    assert server.program(place).is_symlink()


def scratch_of_a_build(place: Layout) -> Path:
    left = place.cache / "influxd" / server.VERSION / ".making-x"
    left.mkdir(parents=True)
    (left / "module").write_text("x")
    return left


def test_what_a_stopped_build_left_is_removed(place: Layout) -> None:
    left = scratch_of_a_build(place)
    influxd_install.tidy(lambda _: None)
    assert not left.exists()
    influxd_install.tidy(lambda _: None)


def test_what_a_running_build_of_another_clone_needs_is_kept(place: Layout) -> None:
    left = scratch_of_a_build(place)
    with hold(left.parent / "lock"):
        influxd_install.tidy(lambda _: None)
        assert left.exists()
    influxd_install.tidy(lambda _: None)
    assert not left.exists()


def test_an_up_forgets_a_failure_and_not_the_progress_of_another_clone(place: Layout) -> None:
    progress.save(Progress("", 0.0, failed="Rust is missing.\nInstall Rust."))
    progress.forget_failure()
    assert progress.read() is None
    running = Progress("compiling package 3 of 9", 0.4)
    progress.save(running)
    progress.forget_failure()
    assert progress.read() == running


@pytest.mark.parametrize(("state", "shown"), [("STOPPED", False), ("EXITED", True), ("FATAL", True)])
def test_a_failure_is_shown_by_the_stack_whose_step_has_ended(place: Layout, state: str, shown: bool) -> None:
    progress.save(Progress("", 0.0, failed="Rust is missing.\nInstall Rust."))
    known = {BUILD: Process(BUILD, state, None, 0, "")}
    assert (service_status._progress("influxd", known, place) is not None) == shown
