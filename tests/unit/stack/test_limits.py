"""What a machine, an account and other users allow: each is named with what to do before anything is written."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.base import access
from lab.base.errors import LearnerError, MachineError
from lab.base.settings import settings
from lab.commands import cli, doctor
from lab.stack import aot_build, influxd_install, kafka, limits, native, orphans, shared, supervisor
from lab.stack.influxd import binary
from lab.stack.influxd.progress import Progress, forget_failure, save
from lab.stack.java import jars
from lab.stack.java.plugin import plugin_place
from lab.stack.layout import Layout, layout

NOBODY = 65534
AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")


@contextmanager
def nobody() -> Iterator[None]:
    """This process as a user who owns nothing; it can come back."""
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Layout]:
    """State and cache folders where every user may look; the stack's own sockets are elsewhere."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setenv("LAB_STATE", f"{folder}/state")
        monkeypatch.setenv("LAB_CACHE", f"{folder}/cache")
        monkeypatch.setenv("PATH", "/nowhere")  # no influxd there
        settings.cache_clear()
        yield layout()
    settings.cache_clear()


def fill_cache(here: Layout) -> None:
    """Everything that `up` looks for there."""
    made = [here.cache / "jars" / jar.filename for jar in jars.read(jars.KAFKA_LOCK)]
    for path in (*made, binary.cached()):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    plugin_place().mkdir(parents=True)


@pytest.mark.parametrize("limit", limits.LIMITS, ids=lambda limit: limit.shell)
def test_a_small_limit_is_named_as_a_shell_counts_it(limit: limits.Limit) -> None:
    def get(number: int) -> tuple[int, int]:
        value = limit.need - limit.unit if number == limit.number else resource.RLIM_INFINITY
        return value, value

    [found] = limits.account_limits(get)
    assert found.fatal
    assert f"({limit.shell}) is {limit.need // limit.unit - 1}, and the services need" in found.cause
    assert f"{limit.shell} {limit.need // limit.unit}" in found.remedy
    assert list(limits.account_limits(lambda _: (limit.need, limit.need) if _ == limit.number else (-1, -1))) == []


def test_a_small_soft_limit_is_raised_for_the_services() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        limits.raise_soft(resource.RLIMIT_NOFILE, 1024)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_few_threads_are_counted_beside_those_in_use() -> None:
    [found] = limits.few_threads(700, 201, "this account (ulimit -u)")
    assert "is 700, 201 are in use" in found.cause
    assert "701 or more" in found.remedy
    assert list(limits.few_threads(700, 200, "this account")) == []
    assert limits.threads_of(os.getuid()) >= 1


def test_little_memory_is_refused_and_some_is_a_note() -> None:
    assert [one.fatal for one in limits.little_memory(0.9e9)] == [True]
    assert [one.fatal for one in limits.little_memory(2.0e9)] == [False]
    assert list(limits.little_memory(3.1e9)) == []


@pytest.mark.parametrize("kind", ["new", "old"])
def test_the_memory_of_a_container_counts_without_what_can_be_dropped(tmp_path: Path, kind: str) -> None:
    if kind == "new":
        files = {"memory.max": "2000", "memory.current": "1500", "memory.stat": "anon 900\ninactive_file 300\n"}
        described, own = "0::/a/b\n", tmp_path / "a" / "b"
    else:
        files = {
            "memory.limit_in_bytes": "2000",
            "memory.usage_in_bytes": "1500",
            "memory.stat": "inactive_file 1\ntotal_inactive_file 300\n",
        }
        described, own = "5:pids:/\n4:memory:/a/b\n0::/\n", tmp_path / "memory" / "a" / "b"
    own.mkdir(parents=True)
    for name, text in files.items():
        (own / name).write_text(text)
    found = limits.groups("memory", described, tmp_path)
    assert found[0] == own
    assert [limits.room_of(folder) for folder in found] == [800.0, None, None]
    (own / ("memory.max" if kind == "new" else "memory.limit_in_bytes")).write_text(
        "max\n" if kind == "new" else "9223372036854771712\n"
    )
    assert limits.room_of(own) is None


def test_up_refuses_before_it_writes_and_names_all_that_is_too_small(
    here: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "available_memory", lambda: 0.5e9)
    monkeypatch.setattr(limits, "_threads", lambda _back: limits.few_threads(100, 20, "this account (ulimit -u)"))
    with pytest.raises(MachineError, match=r"0\.5 GB of memory.*|ulimit -u\) is 100") as refused:
        native.up(here, lambda _: None)
    assert "ulimit -u" in refused.value.cause
    assert "520 or more" in refused.value.remedy
    assert not here.state.exists()
    assert {"memory", "processes and threads"} <= {found.what for found in doctor.machine() if found.level == "bad"}


def test_up_looks_once_and_notes_what_is_small_before_it_writes(here: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    looks, said = [], []
    small = limits.Shortage("memory", "Only 2.0 GB of memory.", "Close something.", fatal=False)
    monkeypatch.setattr(limits, "look", lambda where: looks.append(where) or [small])

    def refuse(_where: Layout) -> None:
        raise MachineError("here the start would begin", "")

    monkeypatch.setattr(shared, "require", refuse)
    with pytest.raises(MachineError, match="here the start"):
        native.up(here, said.append)
    assert (len(looks), said) == (1, ["Note: Only 2.0 GB of memory. Close something."])
    assert not here.state.exists()


@AS_ROOT
def test_what_an_ended_supervisor_left_running_counts_as_free(here: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """`up` ends it before it starts anything, so its memory and threads are not missing."""
    code = (
        "import sys; held = bytearray(1_500_000_000); sys.stdout.write('ready'); sys.stdout.flush(); sys.stdin.read()"
    )
    free = [limits.LEAST_MEMORY / 2]
    monkeypatch.setattr(limits, "available_memory", lambda: free[0])
    assert [one.what for one in limits.look(here) if one.fatal and one.what == "memory"] == ["memory"]
    mark = {supervisor.MARK: str(here.state), "PATH": os.environ["PATH"]}
    with subprocess.Popen(
        (sys.executable, "-c", code), env=mark, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as left:
        assert left.stdout is not None
        assert left.stdout.read(5) == b"ready"
        threads, memory = limits.share_of(orphans.find(here))
        assert threads >= 1
        assert memory >= 90_000_000
        assert [one.what for one in limits.look(here) if one.fatal and one.what == "memory"] == []
        left.kill()


def test_disks_that_run_no_programs_are_named(here: Layout) -> None:
    here.cache.mkdir()
    mount = ("/bin/mount", "-t", "tmpfs", "-o", "noexec", "none", here.cache)
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine forbids mounting")
    try:
        [found] = [one for one in limits.look(here) if "disk" in one.what]
        assert "noexec" in found.cause
        assert "InfluxDB" in found.cause
        assert "LAB_CACHE" in found.remedy
    finally:
        subprocess.run(("/bin/umount", here.cache), check=True)
    assert not [one for one in limits.look(here) if "disk" in one.what]


def test_services_unpack_their_libraries_in_a_folder_of_the_stacks_own(here: Layout) -> None:
    """A noexec /tmp once failed every record compressed with snappy."""
    here.prepare()
    argv = kafka.jvm([here.cache / "jars" / "one.jar"], here)
    assert "-Djava.io.tmpdir=tmp" in argv
    unpacked = here.run / "tmp" / "snappy-1.1-libsnappyjava.so"
    unpacked.touch()
    kafka.empty_scratch(here)
    assert list((here.run / "tmp").iterdir()) == []


@AS_ROOT
@pytest.mark.parametrize("made", ["all", "one folder", "one file"])
def test_a_state_folder_of_another_user_is_named_with_its_owner(here: Layout, made: str) -> None:
    here.prepare()
    (here.run / "supervisord.conf").touch(mode=0o600)
    if made != "all":
        for path in (here.state, *here.state.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        os.chown(here.data if made == "one folder" else here.run / "supervisord.conf", 0, 0)
    with nobody():
        with pytest.raises(MachineError, match="belongs to root") as refused:
            native.up(here, lambda _: None)
        [found] = doctor.state_folder()
    assert "LAB_STATE" in refused.value.remedy
    assert "chown" in refused.value.remedy
    assert "reset" not in refused.value.remedy
    assert (found.level, found.seen) == ("bad", refused.value.cause)


@AS_ROOT
def test_a_state_folder_that_cannot_be_made_names_whose_the_place_is(here: Layout) -> None:
    with nobody(), pytest.raises(MachineError, match="belongs to root") as refused:
        here.prepare()
    assert "LAB_STATE" in refused.value.remedy


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_state_folder_without_permission_is_named(here: Layout) -> None:
    here.state.parent.chmod(0o500)
    with pytest.raises(MachineError, match="cannot be written: its permissions") as refused:
        here.prepare()
    assert "LAB_STATE" in refused.value.remedy


@AS_ROOT
def test_a_cache_of_another_user_is_used_when_nothing_is_missing_else_named(here: Layout) -> None:
    fill_cache(here)
    save(Progress("", 0.0, failed="yesterday"))
    (binary.cached().parent / "lock").touch(mode=0o600)
    (binary.cached().parent / ".making-x").mkdir()
    with nobody():
        shared.require(here)
        forget_failure()
        influxd_install.tidy(lambda _: None)
        assert not aot_build.wanted([])
    binary.cached().unlink()
    with nobody(), pytest.raises(MachineError, match=r"belongs to root.*it lacks influxd") as refused:
        shared.require(here)
    assert "LAB_CACHE" in refused.value.remedy
    assert aot_build.wanted([])


@AS_ROOT
def test_one_folder_of_roots_in_an_own_cache_is_named(here: Layout) -> None:
    """`sudo ./workshop` leaves it; the download once ended with an error that nobody foresaw."""
    (here.cache / "connect-plugin").mkdir(parents=True)
    os.chown(here.cache, NOBODY, NOBODY)
    with nobody(), pytest.raises(MachineError, match=r"connect-plugin belongs to root.*it lacks jars of Kafka"):
        shared.require(here)


@AS_ROOT
def test_what_nobody_may_look_at_is_an_obstacle_and_no_crash(here: Layout) -> None:
    hidden = here.state.parent / "hidden"
    hidden.mkdir(mode=0o700)
    with nobody():
        assert access.nearest(hidden / "a" / "b") == hidden
        assert access.obstacle(hidden / "a") == f"{hidden} belongs to root, and {access.me()} cannot write there"
        assert access.entries(hidden) == []
        assert access.runs_programs(hidden / "a")


def test_an_own_folder_is_no_obstacle(here: Layout) -> None:
    here.prepare()
    assert access.obstacle(here.state) is None
    assert access.obstacle(here.cache / "new" / "folder") is None
    shared.require(here)


def test_doctor_never_fails_on_a_wrong_influxd(here: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_INFLUXD", "/bin/false")
    settings.cache_clear()
    with pytest.raises(LearnerError):
        binary.find()
    assert all(found.level for found in doctor.machine())
    assert supervisor.processes(here) is None


@AS_ROOT
@pytest.mark.parametrize("verb", [("down",), ("logs", "kafka1"), ("status",), ("progress",), ("doctor",), ("up",)])
def test_no_verb_ends_with_a_traceback_where_it_may_not_look(
    here: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]
) -> None:
    hidden = here.state.parent / "hidden"
    hidden.mkdir(mode=0o700)
    monkeypatch.setenv("LAB_STATE", str(hidden / "state"))
    monkeypatch.setenv("LAB_CACHE", str(hidden / "cache"))
    settings.cache_clear()
    with nobody():
        assert cli.main(list(verb)) == 1
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert "did not foresee" not in said.err
    assert str(hidden) in said.out + said.err
