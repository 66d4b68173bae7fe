"""The bash script `workshop`: it makes .venv once, repairs a half-made one, and stays out of the way afterwards.

A stand-in for Python records what it is asked to do, so that nothing is downloaded.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.base.pace import allow
from lab.base.settings import ROOT
from tests.support.odd_names import ODD, WORST

NOBODY = 65534
"""A user who owns nothing."""
NEEDED = (
    *("bash", "basename", "cat", "dirname", "mktemp", "rm", "mkdir", "cp", "chmod", "awk", "sed", "sh"),
    *("ls", "readlink", "touch", "env", "ln", "id", "grep"),
)
STAND_IN = r"""#!/bin/sh
printf '%s\n' "$*" >>"{calls}"
env >"{calls}.env"
case "$*" in
  "-m venv "*) mkdir -p "$3/bin" "$3/lib/python3.12/site-packages" && cp "$0" "$3/bin/python" ;;
  *decode* | *hashlib* | *ST_NOEXEC*) exec "{python}" "$@" ;;
  *--version*) echo "Python 3.12.0" ;;
  "-m uv pip install"*) exit "$(cat "{uv}")" ;;
  "-m pip install"*-r*requirements.txt) exit "$(cat "{pip}")" ;;
esac
"""


class Clone:
    """A clone with a stand-in for Python; `uv` and `pip` are the exit codes of the installers."""

    def __init__(
        self, folder: Path, python: bool = True, name: str = "a clone", interpreter: str = sys.executable
    ) -> None:
        self.interpreter = interpreter
        self.folder, self.calls = folder / name, folder / "calls"
        self.site = self.folder / ".venv" / "lib" / "python3.12" / "site-packages"
        self.uv, self.pip, self.tools = folder / "uv", folder / "pip", folder / "tools"
        for made in (self.folder, self.tools):
            made.mkdir()
        for code in (self.uv, self.pip):
            code.write_text("0")
        shutil.copy(ROOT / "workshop", self.folder)
        (self.folder / "requirements.txt").write_text("one==1\n")
        (self.folder / "requirements-test.txt").write_text("uv==1 \\\n    --hash=sha256:aa\none==1\n")
        self._tools(python)

    def _tools(self, python: bool) -> None:
        for name in (*NEEDED, "sha256sum" if shutil.which("sha256sum") else "shasum"):
            (self.tools / name).symlink_to(str(shutil.which(name)))
        if python:
            text = STAND_IN.format(calls=self.calls, python=self.interpreter, uv=self.uv, pip=self.pip)
            (self.tools / "python3").write_text(text)
            (self.tools / "python3").chmod(0o755)

    def run(
        self, *arguments: str, script: Path | None = None, user: int | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        self.calls.write_text("")
        environment = {"PATH": str(self.tools), "HOME": str(self.folder.parent / "empty"), **variables}
        script = script or self.folder / "workshop"
        return subprocess.run(
            (script, *arguments),
            cwd="/",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=allow(60),
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )

    @property
    def asked(self) -> list[str]:
        return self.calls.read_text().splitlines()


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_the_first_start_installs_and_the_second_only_runs(clone: Clone) -> None:
    first = clone.run("status", "--json")
    assert first.returncode == 0, first.stderr
    assert any(call.startswith("-m venv ") for call in clone.asked)
    assert clone.asked[-1] == "-P -m lab status --json"
    assert (clone.site / (clone.site / "workshop.pth").read_text().strip()).resolve() == clone.folder
    assert clone.run("status").returncode == 0
    assert clone.asked == ["-P -m lab status"]


def test_changed_requirements_are_installed_into_the_same_environment(clone: Clone) -> None:
    clone.run("up")
    (clone.folder / "requirements.txt").write_text("one==2\n")
    clone.run("up")
    assert not any(call.startswith("-m venv ") for call in clone.asked)
    assert any("requirements.txt" in call for call in clone.asked)


ELSEWHERE = "[global]\ntarget = {0}\nindex-url = https://mirror.invalid/simple\n[install]\nprefix: {0}\nuser = true\n"


@pytest.mark.parametrize("given", ["of the user", "by PIP_CONFIG_FILE"])
def test_pips_own_configuration_leads_no_package_elsewhere(clone: Clone, tmp_path: Path, given: str) -> None:
    """A real pip with what the script leaves it installs into the environment, and keeps the package index."""
    elsewhere, home = tmp_path / "elsewhere", tmp_path / "home"
    (home / ".config/pip").mkdir(parents=True)
    of_user = home / ".config/pip/pip.conf"
    of_user.write_text(ELSEWHERE.format(elsewhere))
    named = {"PIP_CONFIG_FILE": str(of_user)} if given == "by PIP_CONFIG_FILE" else {}
    assert clone.run("up", HOME=str(home), **named).returncode == 0
    left = dict(line.partition("=")[::2] for line in Path(f"{clone.calls}.env").read_text().splitlines())

    real = tmp_path / "real"
    subprocess.run((sys.executable, "-m", "venv", real), check=True, timeout=allow(120))
    shutil.copy(clone.folder / ".venv/pip.conf", real)
    pip = {name: value for name, value in left.items() if name.startswith("PIP_")}
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), **pip}
    argv = (real / "bin/python", "-m", "pip")
    listed = subprocess.run((*argv, "config", "list"), env=environment, capture_output=True, text=True, check=True)
    assert "mirror.invalid" in listed.stdout
    install = (*argv, "install", "--no-index", "--disable-pip-version-check", wheel(tmp_path))
    subprocess.run(install, env=environment, check=True, timeout=allow(120))
    assert list(real.glob("lib/python*/site-packages/nothing_much.py"))
    assert not elsewhere.exists()


def test_a_configuration_that_is_named_leads_pip_nowhere_in_later_runs_either(clone: Clone, tmp_path: Path) -> None:
    """influxd's build installs tools with pip in a later run. A run within a run changes nothing."""
    named = tmp_path / "named.conf"
    named.write_text(ELSEWHERE.format(tmp_path / "elsewhere"))
    assert clone.run("up").returncode == 0
    for given in (named, clone.folder / ".venv/pip.given"):
        assert clone.run("up", PIP_CONFIG_FILE=str(given)).returncode == 0
        left = dict(line.partition("=")[::2] for line in Path(f"{clone.calls}.env").read_text().splitlines())
        kept = Path(left["PIP_CONFIG_FILE"]).read_text()
        assert kept == "[global]\nindex-url = https://mirror.invalid/simple\n[install]\n"


def wheel(folder: Path) -> Path:
    """A package with one empty module."""
    path, about = folder / "nothing_much-1-py3-none-any.whl", "nothing_much-1.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("nothing_much.py", "")
        file.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: nothing_much\nVersion: 1\n")
        file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{about}/RECORD", "")
    return path


def test_a_half_made_environment_is_made_from_scratch(clone: Clone) -> None:
    clone.run("up")
    (clone.folder / ".venv" / ".installed").unlink()
    clone.run("up")
    assert any(call.startswith("-m venv ") for call in clone.asked)


def test_test_installs_what_tests_need_and_up_nothing_more_afterwards(clone: Clone) -> None:
    clone.run("test", "unit")
    assert any("requirements-test.txt" in call for call in clone.asked)
    assert clone.asked[-1] == "-P -m lab test unit"
    clone.run("up")
    assert clone.asked == ["-P -m lab up"]


def test_pip_installs_when_uv_cannot(clone: Clone) -> None:
    clone.uv.write_text("1")
    assert clone.run("up").returncode == 0
    installers = [call for call in clone.asked if " install " in call and "requirements.txt" in call]
    assert [call.split()[1] for call in installers] == ["uv", "pip"]
    assert all("--require-hashes" in call for call in installers)


def test_a_failed_install_says_so_and_leaves_no_stamp(clone: Clone) -> None:
    clone.uv.write_text("1")
    clone.pip.write_text("1")
    done = clone.run("up")
    assert done.returncode == 1
    assert "cannot be installed" in done.stderr
    assert not (clone.folder / ".venv" / ".installed").exists()
    assert "-P -m lab up" not in clone.asked


def test_without_python_it_says_which_one_is_needed(tmp_path: Path) -> None:
    done = Clone(tmp_path, python=False).run("up")
    assert done.returncode == 1
    assert "Python 3.11 or later" in done.stderr.splitlines()[0]
    assert "apt-get install python3" in done.stderr.splitlines()[1]


@pytest.mark.parametrize("links", ["absolute", "relative", "a link to a link"])
def test_through_a_link_it_works_in_the_clone_and_leaves_the_links_folder_alone(clone: Clone, links: str) -> None:
    home = clone.folder.parent / "bin"
    (home / ".venv").mkdir(parents=True)
    (home / ".venv" / "mine").touch()
    script = home / "workshop"
    if links == "a link to a link":
        (home / "first").symlink_to(clone.folder / "workshop")
        script.symlink_to("first")
    else:
        script.symlink_to(clone.folder / "workshop" if links == "absolute" else Path("..") / "a clone" / "workshop")
    done = clone.run("status", script=script)
    assert done.returncode == 0, done.stderr
    assert (clone.folder / ".venv" / ".installed").exists()
    assert [entry.name for entry in (home / ".venv").iterdir()] == ["mine"]


@pytest.mark.parametrize("what", ["folder", "environment", "link", "file"])
def test_a_venv_that_it_did_not_make_is_left_alone(clone: Clone, what: str) -> None:
    venv, others = clone.folder / ".venv", clone.folder.parent / "others"
    others.mkdir()
    (others / "mine").touch()
    if what == "link":
        venv.symlink_to(others)
    elif what == "file":
        venv.touch()
    else:
        venv.mkdir()
        (venv / "mine").touch()
        (venv / ("pyvenv.cfg" if what == "environment" else "other")).touch()
    done = clone.run("status")
    assert done.returncode == 1
    assert "left alone" in done.stderr.splitlines()[0]
    assert "Move it away" in done.stderr.splitlines()[1]
    assert (others / "mine").exists()
    assert (venv / "mine").exists() or what == "file"
    assert clone.asked == []


def test_variables_that_lead_elsewhere_do_not_reach_python(clone: Clone) -> None:
    misleading = dict.fromkeys(("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"), "/elsewhere")
    done = clone.run("status", **misleading, PIP_USER="1", CDPATH="/:.", PIP_INDEX_URL="kept")
    assert done.returncode == 0, done.stderr
    seen = dict(line.partition("=")[::2] for line in Path(f"{clone.calls}.env").read_text().splitlines())
    assert not set(misleading) & set(seen)
    assert (seen["PIP_USER"], seen["PIP_INDEX_URL"]) == ("0", "kept")
    assert sorted(entry.name for entry in clone.folder.iterdir()) == [
        ".venv", "requirements-test.txt", "requirements.txt", "workshop",
    ]  # fmt: skip


@pytest.mark.parametrize("name", [*(name for name in ODD.values() if ":" not in name), WORST])
def test_it_works_in_a_folder_of_any_name_and_any_locale(tmp_path: Path, name: str) -> None:
    clone = Clone(tmp_path, name=name)
    for _ in range(2):
        done = clone.run("status", LC_ALL="C")
        assert done.returncode == 0, done.stderr
        assert clone.asked[-1] == "-P -m lab status"
    assert (clone.site / "workshop.pth").read_text() == "../../../..\n"
    seen = dict(line.partition("=")[::2] for line in Path(f"{clone.calls}.env").read_text().splitlines())
    assert seen["PYTHONUTF8"] == "1"


def test_an_environment_of_before_finds_its_clone_in_any_locale(clone: Clone) -> None:
    clone.run("status")
    (clone.site / "workshop.pth").write_text(f"{clone.folder}\n")
    clone.run("status")
    assert (clone.site / "workshop.pth").read_text() == "../../../..\n"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a:b", "has a colon"),
        ("two\nlines", "has a line break"),
        ("ends\n", "has a line break"),
        (os.fsdecode(b"latin-\xfc"), "has a byte that is not UTF-8"),
    ],
)
def test_a_clone_that_cannot_work_is_refused_before_anything_is_written(tmp_path: Path, name: str, says: str) -> None:
    clone = Clone(tmp_path, name=name)
    before = sorted(clone.folder.iterdir())
    done = clone.run("status")
    assert done.returncode == 1
    assert says in done.stderr.splitlines()[0]
    assert "Move the clone" in done.stderr.splitlines()[1]
    assert len(done.stderr.splitlines()) == 2
    assert sorted(clone.folder.iterdir()) == before


class Shared:
    """A clone where everybody may look, and who uses it: another user than its owner, where the tests run as root."""

    def __init__(self, folder: Path) -> None:
        self.user = NOBODY if os.getuid() == 0 else None
        # Another user may have no way to the Python of these tests: names are good here, disks run programs.
        self.clone = Clone(folder, interpreter=str(shutil.which("true")))
        self.home = folder / "home"
        self.home.mkdir()
        for written in (self.clone.calls, Path(f"{self.clone.calls}.env")):
            written.touch()
            written.chmod(0o666)
        if self.user is not None:
            os.chown(self.home, self.user, self.user)

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.clone.run(*arguments, user=self.user, **variables)

    def lock(self, *places: Path) -> None:
        for place in places:
            place.chmod(0o755 if self.user is not None else 0o555)

    @property
    def tree(self) -> list[str]:
        return sorted(str(path) for path in self.clone.folder.rglob("*"))


@pytest.fixture
def shared() -> Iterator[Shared]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        made = Shared(Path(folder))
        yield made
        for path in made.clone.folder.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        made.clone.folder.chmod(0o755)


def test_a_clone_that_cannot_be_written_is_named_with_what_to_set_before_anything_is_written(shared: Shared) -> None:
    shared.lock(shared.clone.folder)
    before = shared.tree
    done = shared.run("up")
    assert done.returncode == 1
    cause, remedy = done.stderr.splitlines()
    assert str(shared.clone.folder) in cause
    assert ("belongs to root" in cause) == (shared.user is not None)
    assert "LAB_VENV" in remedy
    assert "LAB_STATE" in remedy
    assert shared.tree == before
    assert shared.clone.asked == []


def test_a_clone_that_cannot_be_written_works_with_an_environment_elsewhere(shared: Shared) -> None:
    shared.lock(shared.clone.folder)
    before = shared.tree
    for _ in range(2):
        done = shared.run("status", LAB_VENV=str(shared.home / "new" / "venv"))
        assert done.returncode == 0, done.stderr
        assert "ermission" not in done.stderr
        assert shared.clone.asked[-1] == "-P -m lab status"
    assert shared.clone.asked == ["-P -m lab status"], "the second time nothing is installed"
    assert shared.tree == before
    [line] = shared.home.glob("new/venv/lib/python3*/site-packages/workshop.pth")
    assert (line.parent / line.read_text().strip()).resolve() == shared.clone.folder.resolve()


def test_an_environment_elsewhere_belongs_to_one_clone(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    clones = []
    for folder in (one, two):
        folder.mkdir()
        clones.append(Clone(folder))
    venv = str(tmp_path / "venv")
    assert clones[0].run("status", LAB_VENV=venv).returncode == 0
    done = clones[1].run("status", LAB_VENV=venv)
    assert done.returncode == 1
    assert "another clone" in done.stderr.splitlines()[0]
    assert "new folder" in done.stderr.splitlines()[1]
    assert clones[0].run("status", LAB_VENV=venv).returncode == 0


@pytest.mark.parametrize("what", ["half made", "whole, of other requirements", "unreadable", "one package"])
def test_an_environment_of_another_user_is_named_and_left_alone(shared: Shared, what: str) -> None:
    """It once ended with `rm: cannot remove`."""
    clone = shared.clone
    assert clone.run("status").returncode == 0
    venv = clone.folder / ".venv"
    if what == "half made":
        (venv / ".installed").unlink()
    else:
        (clone.folder / "requirements.txt").write_text("one==2\n")
    if what == "one package":
        (clone.site / "root's").mkdir()
        if shared.user is not None:
            for path in (clone.folder, venv, *venv.rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
            os.chown(clone.site / "root's", 0, 0)
        shared.lock(clone.site / "root's")
    elif what == "unreadable":
        venv.chmod(0o700 if shared.user is not None else 0)
    else:
        shared.lock(venv, venv / "bin", clone.site)
    done = shared.run("status")
    assert done.returncode == 1
    cause, remedy = done.stderr.splitlines()
    assert ".venv" in cause
    assert ("belongs to root" in cause) == (shared.user is not None)
    assert "LAB_VENV" in remedy
    assert (clone.folder / ".venv").exists()
    assert clone.asked == []


def test_an_environment_of_another_user_that_is_whole_is_used(shared: Shared) -> None:
    assert shared.clone.run("status").returncode == 0
    shared.lock(shared.clone.folder / ".venv", shared.clone.site)
    done = shared.run("status")
    assert (done.returncode, done.stderr) == (0, "")
    assert shared.clone.asked == ["-P -m lab status"]


@pytest.mark.skipif(os.getuid() != 0, reason="files that their own user cannot read need another user")
def test_a_clone_that_cannot_be_read_is_named(shared: Shared) -> None:
    (shared.clone.folder / "requirements.txt").chmod(0o600)
    done = shared.run("status")
    assert done.returncode == 1
    assert "cannot be read" in done.stderr.splitlines()[0]
    assert "clone of your own" in done.stderr.splitlines()[1]
    assert len(done.stderr.splitlines()) == 2


def test_without_a_tool_for_checksums_python_makes_them_and_the_stamp_stays_good(clone: Clone) -> None:
    """It once ended with `shasum: command not found`."""
    for name in ("sha256sum", "shasum"):
        (clone.tools / name).unlink(missing_ok=True)
    first = clone.run("status")
    assert first.returncode == 0, first.stderr
    assert "not found" not in first.stderr
    stamp = (clone.folder / ".venv" / ".installed").read_text()
    assert stamp == f"{hashlib.sha256((clone.folder / 'requirements.txt').read_bytes()).hexdigest()}  -\n"
    clone.run("status")
    assert not any(" install " in call for call in clone.asked)


@pytest.mark.parametrize("variables", [{"TMPDIR": "/nowhere"}, {}])
def test_umask_077_and_no_temporary_folder_are_no_trouble(clone: Clone, variables: dict[str, str]) -> None:
    python = clone.tools / "python3"
    without_uv = python.read_text().replace('case "$*" in', 'case "$*" in\n  "-m uv --version") exit 1 ;;')
    python.write_text(without_uv)
    before = os.umask(0o077)
    try:
        done = clone.run("status", **variables)
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    assert "No such file" not in done.stderr
    assert any("--quiet -r" in call for call in clone.asked), "uv is installed"
    assert clone.asked[-1] == "-P -m lab status"


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a file system")
def test_a_disk_that_runs_no_programs_is_named_before_anything_is_written(tmp_path: Path) -> None:
    place = tmp_path / "noexec"
    place.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "noexec", "none", place)
    if (done := subprocess.run(mount, check=False, capture_output=True)).returncode:
        pytest.skip(f"this machine forbids mounting: {done.stderr.decode().strip()}")
    try:
        refused = Clone(tmp_path).run("status", LAB_VENV=str(place / "venv"))
        assert refused.returncode == 1
        assert "noexec" in refused.stderr.splitlines()[0]
        assert "LAB_VENV" in refused.stderr.splitlines()[1]
        assert list(place.iterdir()) == []
    finally:
        subprocess.run(("umount", place), check=True)
