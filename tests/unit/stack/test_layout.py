"""Folders with odd names: every file that a program reads holds plain names only, or quotes that the program undoes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from lab.base import addresses
from lab.base.environment import small
from lab.base.errors import LearnerError
from lab.base.files import plain, write
from lab.base.settings import Settings, settings
from lab.proxy import accounts
from lab.stack import native_services, proxy, supervisor
from lab.stack.influxd import build, toolchain
from lab.stack.influxd.toolchain import Found
from lab.stack.java import aot
from lab.stack.java.runtime import Desk
from lab.stack.layout import Layout, layout
from lab.stack.ports import Ports
from tests.support.odd_names import ODD, WORST

NAMES = pytest.mark.parametrize("name", [*ODD.values(), WORST], ids=[*ODD, "worst"])
JARS = [f"{name}.jar" for name in ("kafka", "connect")]


@pytest.fixture
def odd(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Layout]:
    """State, cache and temporary folder in folders of this name."""
    home = tmp_path / name
    home.mkdir()
    for variable, folder in (("LAB_STATE", "state"), ("LAB_CACHE", "cache")):
        monkeypatch.setenv(variable, str(home / folder))
    settings.cache_clear()
    made = Layout(home / "state", home / "cache")
    if "😀" in name:  # refused for the cache, which holds Java's jars
        made = Layout(home / "state", tmp_path / "cache")
        monkeypatch.setenv("LAB_CACHE", str(made.cache))
    made.prepare()
    (made.cache / "jars").mkdir(parents=True)
    for jar in JARS:
        (made.cache / "jars" / jar).write_text(jar)
    yield made
    if not made.socket.is_relative_to(made.state):
        made.socket.parent.rmdir()
    settings.cache_clear()


def planned(odd: Layout) -> list[supervisor.Service]:
    found = [odd.cache / "jars" / jar for jar in JARS]
    for what in aot.PROGRAMS:
        aot.cache_file(found, what).parent.mkdir(exist_ok=True)
        aot.cache_file(found, what).touch()
    return native_services.services(
        native_services.Parts(found, odd.cache / "plugin", odd.cache / "influxd"), Ports(), odd
    )


@NAMES
def test_java_is_given_plain_names_that_lead_to_the_right_places(odd: Layout) -> None:
    services = {service.name: service for service in planned(odd)}
    for config in odd.run.glob("*.properties"):
        assert re.fullmatch(r"[\x20-\x7e\n]*", config.read_text()), config
        assert str(odd.state.parent) not in config.read_text()
    for node in (1, 2, 3):
        [dirs] = re.findall(r"^log\.dirs=([a-z0-9/.]+)$", (odd.run / f"kafka{node}.properties").read_text(), re.M)
        assert (odd.run / dirs).resolve() == (odd.data / f"kafka{node}").resolve()
    [plugins] = re.findall(r"^plugin\.path=(\w+)$", (odd.run / "connect.properties").read_text(), re.M)
    assert (odd.run / plugins).readlink() == odd.cache / "plugin"
    for name in ("kafka1", "connect"):
        argv = services[name].argv
        class_path = argv[argv.index("-cp") + 1].split(":")
        assert [(odd.run / jar).read_text() for jar in class_path] == JARS
        [cache] = [option.partition("=")[2] for option in argv if option.startswith("-XX:AOTCache=")]
        assert (odd.run / cache).is_file()
        assert all(re.fullmatch(r"[\x21-\x7e]+", word) for word in argv[1:])


@NAMES
def test_influxd_is_given_plain_names(odd: Layout) -> None:
    [service] = [service for service in planned(odd) if service.name == "influxd"]
    paths = [option.partition("=")[2] for option in service.argv if "-path=" in option]
    assert len(paths) == 3
    for path in paths:
        assert re.fullmatch(r"[a-z/.]+", path)
        assert (odd.run / path).resolve().is_relative_to((odd.data / "influxd").resolve())
    assert (odd.run / service.argv[0]).readlink() == odd.cache / "influxd"


@NAMES
def test_supervisors_own_reader_gets_every_name_back(odd: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    services = planned(odd)
    config = write(odd.run / "supervisord.conf", supervisor.configuration(services, odd))
    monkeypatch.chdir(odd.run)
    options = ServerOptions()
    options.realize(["-c", config.name])
    folder = Path.cwd()
    assert Path(options.logfile) == folder.parent / "logs" / "supervisor.log"
    assert Path(options.pidfile) == folder / "supervisord.pid"
    assert Path(options.configroot.supervisord.server_configs[0]["file"]) in (
        odd.socket,
        odd.socket.parent.resolve() / odd.socket.name,
    )
    programs = {group.name: group.process_configs[0] for group in options.process_group_configs}
    assert set(programs) == {service.name for service in services}
    for service in services:
        found = programs[service.name]
        assert (folder / found.stdout_logfile).resolve() == service.log.resolve()
        assert shlex.split(found.command) == ["/bin/sh", f"{service.name}.sh"]
        assert found.directory is None


@NAMES
def test_the_script_of_a_service_becomes_it_with_every_word(odd: Layout) -> None:
    shows = "import os, sys; print(ascii([sys.argv[1:], os.environ['WHERE'], os.getcwd()]))"
    argv = (sys.executable, "-I", "-c", shows, str(odd.state), "two words", "")
    service = supervisor.Service("one", argv, odd.log("one"), {"WHERE": str(odd.cache)})
    write(odd.run / "one.sh", supervisor.script(service))
    done = subprocess.run(("/bin/sh", "one.sh"), cwd=odd.run, env=small(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ascii([[str(odd.state), "two words", ""], str(odd.cache), str(odd.run.resolve())])


@NAMES
def test_the_proxys_file_and_stack_json_hold_the_names(odd: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    file = odd.state.parent / "passwords"
    accounts.write(file, "device1", "long and random")
    monkeypatch.setattr(proxy, "current", lambda: Settings.model_construct(mqtt_passwords=file))
    where = native_services.addresses(Ports(), odd)
    text = proxy.configuration(where.librdkafka(), 1883, 9464, where.names)
    written = write(odd.state / "proxy.toml", text)
    with written.open("rb") as reader:
        assert tomllib.load(reader)["passwords"] == str(file.resolve())
    addresses.save(where, odd.state)
    assert addresses.load(odd.state) == where


@NAMES
def test_a_class_path_on_the_desk_is_plain(odd: Layout, tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    desk = Desk(tmp_path / "desk")
    found = [odd.cache / "jars" / jar for jar in JARS]
    class_path = desk.class_path(found).split(":")
    assert [(desk.folder / jar).read_text() for jar in class_path] == JARS
    assert all(re.fullmatch(r"[A-Za-z0-9_./-]+", jar) for jar in class_path)
    assert (desk.folder / desk.copy(found[0])).read_text() == JARS[0]


@NAMES
def test_a_build_of_influxd_sees_a_plain_folder(odd: Layout) -> None:
    scratch = odd.cache / "scratch"
    scratch.mkdir()
    with plain(scratch) as place:
        assert re.fullmatch(r"[A-Za-z0-9_./-]+", str(place))
        (place / "made").touch()
        found = Found(place / "tools" / "go" / "bin" / "go", None, None, None)
        environment = build.build_environment(found, place, place / "bin")
        assert environment["PATH"].split(":")[0] == str(place / "bin")
        assert environment["GOROOT"] == str(place / "tools" / "go")
        assert all(environment[name].startswith(f"{place}/") for name in ("TMPDIR", "PWD", "GOCACHE", "GOMODCACHE"))
        assert place.resolve() == scratch.resolve()
    assert (scratch / "made").exists()
    assert place == scratch or not place.is_symlink()


@NAMES
def test_zigs_scripts_run_zig(odd: Layout) -> None:
    zig = odd.cache / "ziglang" / "zig"
    zig.parent.mkdir(parents=True)
    zig.write_text('#!/bin/sh\necho "$@"\n')
    zig.chmod(0o755)
    cc = toolchain.zig_compiler(odd.cache)
    done = subprocess.run((cc, "-c", "a b.c"), capture_output=True, text=True, check=True)
    assert done.stdout == "cc -c a b.c\n"


@pytest.mark.parametrize(
    ("variable", "name", "says"),
    [
        ("LAB_STATE", "two\nlines", r"state folder, '.*two\\nlines.*line break"),
        ("LAB_CACHE", "carriage\rreturn", r"cache folder, .*line break"),
        ("LAB_STATE", os.fsdecode(b"latin-\xfc"), r"state folder, '.*latin-\\udcfc.*not UTF-8"),
        ("LAB_CACHE", os.fsdecode(b"latin-\xfc"), r"cache folder, .*not UTF-8"),
        ("TMPDIR", "two\nlines", r"temporary folder, .*line break"),
        ("LAB_CACHE", "Yahoo!/cache", r"cache folder, .*exclamation mark"),
        ("LAB_CACHE", "😀", r"cache folder, .*the letter 😀"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_written(
    variable: str, name: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(variable, str(tmp_path / name))
    if variable == "TMPDIR":
        (tmp_path / name).mkdir()
        monkeypatch.setattr("tempfile.tempdir", None)
    before = sorted(tmp_path.iterdir())
    settings.cache_clear()
    with pytest.raises(LearnerError, match=says) as refused:
        layout().prepare()
    assert variable in refused.value.remedy
    assert "\n" not in refused.value.cause
    assert sorted(tmp_path.iterdir()) == before
    settings.cache_clear()


def test_a_machine_without_a_utf_8_locale_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["lab.stack.layout"], "utf8_locale", lambda: None)
    with pytest.raises(LearnerError, match=r"no locale for it"):
        Layout(tmp_path / "Übung", tmp_path / "cache").prepare()
    assert not (tmp_path / "Übung").exists()


def test_a_state_folder_behind_a_short_link_gets_a_socket_that_fits(tmp_path: Path) -> None:
    real = tmp_path.joinpath(*["very-long-folder-name"] * 6)
    real.mkdir(parents=True)
    connection = tmp_path / "connection"
    connection.symlink_to(real)
    assert not Layout(connection, tmp_path).socket.is_relative_to(connection)


def test_the_socket_does_not_follow_tmpdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = Layout(tmp_path.joinpath(*["very-long-folder-name"] * 6), tmp_path)
    before = deep.socket
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert deep.socket == before


def test_a_cache_is_named_by_its_jars_and_not_by_where_they_lie() -> None:
    assert aot.cache_file([Path("/a/x.jar")], "kafka") == aot.cache_file([Path("/b/x.jar")], "kafka")
    assert aot.cache_file([Path("/a/x.jar")], "kafka") != aot.cache_file([Path("/a/y.jar")], "kafka")
