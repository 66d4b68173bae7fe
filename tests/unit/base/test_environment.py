"""One small environment for all that is started, and an output that takes any text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from lab.base import environment
from lab.base.settings import settings
from lab.commands import doctor
from lab.stack import kafka, supervisor
from lab.stack.influxd import archive, build
from lab.stack.influxd.toolchain import Found
from lab.stack.java import runtime
from lab.stack.layout import Layout

HOSTILE = {
    "JAVA_TOOL_OPTIONS": "-XX:+NoSuchOption",
    "JDK_JAVA_OPTIONS": "-XX:+NoSuchOption",
    "CLASSPATH": "/nowhere",
    "PYTHONIOENCODING": "ascii",
    "PYTHONSTARTUP": "/nowhere",
    "LD_PRELOAD": "",
    "LANG": "C",
    "LC_CTYPE": "C",
}


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**HOSTILE, "LC_ALL": "C", "PATH": os.environ["PATH"]}.items():
        monkeypatch.setenv(name, value)


def test_what_is_started_sees_nothing_of_the_shells_whims(hostile: None, tmp_path: Path) -> None:
    built = build.build_environment(Found(None, None, None, None), tmp_path, tmp_path / "bin")
    for made in (
        environment.small(),
        environment.python(),
        supervisor.environment(Layout(tmp_path, tmp_path)),
        built,
    ):
        assert not set(HOSTILE) & set(made)
        assert made["LC_ALL"] == environment.utf8_locale()
        assert made["PYTHONUTF8"] == "1"


def test_java_starts_whatever_the_shell_says(hostile: None) -> None:
    assert "version" in runtime.check()


def test_the_formatter_is_started_in_the_small_environment(
    hostile: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[dict[str, object]] = []
    monkeypatch.setattr(kafka.subprocess, "Popen", lambda _, **options: started.append(options))
    place = Layout(tmp_path / "state", tmp_path / "cache")
    place.prepare()
    kafka._format(1, "id", [tmp_path / "a.jar"], place)
    assert started[0]["env"] == environment.small()
    assert started[0]["cwd"] == place.run


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "ascii:strict", "utf-8"])
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_doctor_prints_in_any_encoding(encoding: str, locale: str, tmp_path: Path) -> None:
    code = (
        "from lab.commands import cli, doctor\n"
        "doctor.EXAMINATIONS = (doctor.clock, lambda: [doctor.Finding('Ü', 'bad', '…', '😀')])\n"
        "raise SystemExit(cli.main(['doctor']))"
    )
    done = subprocess.run(
        (sys.executable, "-c", code),
        env={**environment.python(), "LC_ALL": locale, "PYTHONIOENCODING": encoding, "LAB_STATE": str(tmp_path / "s")},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    said = done.stdout.decode(encoding.partition(":")[0])
    assert ("✓ clock" if encoding == "utf-8" else "+ clock") in said
    assert done.stderr == b""


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "socks4://127.0.0.1:9", "nonsense://x", "http://[", "://"])
def test_an_odd_proxy_refuses_the_archive_and_so_the_build_is_tried(
    proxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setattr(archive, "BASE", "http://archive.test")
    monkeypatch.setattr(archive, "target", lambda: "linux_amd64")
    monkeypatch.setattr(archive, "REFUSED_AFTER", httpx.Timeout(1, connect=1))
    with pytest.raises(archive.Refused) as refused:
        archive.fetch(tmp_path, lambda *_: None)
    assert str(refused.value)


@pytest.mark.parametrize(
    ("spared", "good"),
    [
        ("*", True),
        ("127.0.0.0/8", True),
        ("example.test, 127.0.0.1", True),
        ("127.0.0.1:8083", True),
        ("0.0.0.0/0", True),
        ("", False),
        ("localhost", False),
        ("10.0.0.0/8,127.0.0.2", False),
        ("*.example.test", False),
        ("1127.0.0.1", False),
    ],
)
def test_which_no_proxy_spares_this_machine(spared: str, good: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", spared)
    monkeypatch.delenv("no_proxy", raising=False)
    settings.cache_clear()
    assert (doctor.proxy_variables()[0].level == "good") == good
