"""What goes wrong on real machines: each with a cause, a remedy, and nothing half-made left behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import stack as services
from lab.base.errors import LearnerError, MachineError
from lab.base.settings import settings
from lab.commands import doctor
from lab.stack import influxd_install, ports, supervisor
from lab.stack.influxd import archive, binary, toolchain
from lab.stack.influxd.toolchain import Found
from lab.stack.java import jars, runtime
from lab.stack.layout import Layout, layout


@pytest.fixture
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state and a cache folder of this test's own."""
    monkeypatch.setenv("LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def test_a_taken_port_is_seen_and_left_alone() -> None:
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", 0))
        owner.listen()
        port = owner.getsockname()[1]
        chosen = ports.choose(ports.Ports(mqtt=port))
        assert not ports.is_free(port)
        assert chosen.mqtt != port


def test_a_state_folder_that_cannot_be_made_is_named(private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (private / "file").write_text("")
    monkeypatch.setenv("LAB_STATE", str(private / "file" / "state"))
    settings.cache_clear()
    with pytest.raises(MachineError, match=r"state folder .* cannot be written") as refused:
        services.up()
    assert "LAB_STATE" in refused.value.remedy


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a small file system")
@pytest.mark.parametrize("options", ["size=16k", "size=1m,ro"])
def test_a_full_or_read_only_disk_is_named(private: Path, options: str) -> None:
    state = private / "state"
    state.mkdir()
    mounted = subprocess.run(("mount", "-t", "tmpfs", "-o", options, "none", state), check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip(f"this machine forbids mounting: {mounted.stderr.decode().strip()}")
    try:
        if "ro" not in options:
            fill(state / "tests")  # a name of the stack's own: any other is refused before anything is written
        with pytest.raises(MachineError, match="cannot be written"):
            services.up()
        assert doctor.state_folder()[0].level == "bad"
    finally:
        subprocess.run(("umount", state), check=True)


def fill(path: Path) -> None:
    try:
        path.write_bytes(b"x" * (1 << 20))
    except OSError:
        assert path.exists()


def test_java_that_cannot_run_is_named_before_anything_starts(private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "java", lambda: Path("/bin/false"))
    with pytest.raises(MachineError, match="Java cannot run here"):
        services.up()
    assert supervisor.processes(layout()) is None
    assert [finding.level for finding in doctor.java()] == ["bad"]


def test_a_jar_that_is_not_the_locked_one_never_reaches_the_cache(private: Path) -> None:
    lock = private / "wrong.lock.toml"
    lock.write_text(
        '[[dependencies]]\ngroupId = "org.slf4j"\nartifactId = "slf4j-api"\nversion = "1.7.36"\n'
        f'packaging = "jar"\nsha256 = "{"0" * 64}"\n'
    )
    with pytest.raises(MachineError, match="is not the locked jar"):
        jars.resolve(lock)
    assert list((private / "cache" / "jars").iterdir()) == []


def test_without_any_way_to_influxd_one_message_and_nothing_left(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "BASE", "http://127.0.0.1:9")
    monkeypatch.setattr(archive, "target", lambda: "linux_amd64")
    monkeypatch.setattr(toolchain, "look", lambda: Found(None, None, None, None))
    with pytest.raises(MachineError, match="Rust is missing"):
        influxd_install.acquire(lambda *_: None, lambda _: None)
    left = [path for path in binary.cached().parent.iterdir() if path.name != "lock"]
    assert left == []


def test_a_named_influxd_that_is_not_one_is_refused(private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_INFLUXD", sys.executable)
    settings.cache_clear()
    with pytest.raises(LearnerError, match="not an influxd of version 2"):
        binary.find()


def test_an_external_back_end_without_settings_names_them_all(private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_BACKEND", "external")
    settings.cache_clear()
    with pytest.raises(LearnerError, match="LAB_KAFKA_BOOTSTRAP, LAB_CONNECT_URL, LAB_INFLUX_URL, LAB_INFLUX_TOKEN"):
        services.up()


def test_a_service_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(LearnerError, match="no service zookeeper"):
        services.control("zookeeper")


def test_a_supervisor_runs_under_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    deep = Layout(tmp_path.joinpath(*["very-long-folder-name"] * 8), tmp_path / "cache")
    deep.prepare()
    supervisor.launch([], deep)
    try:
        assert supervisor.processes(deep) == {}
    finally:
        supervisor.shutdown(deep)
