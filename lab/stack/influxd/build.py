"""influxd built from its Go module: `go build` on the pinned module in module/.

Module, build and cargo caches (1.8 GB) are the build's own and go with its scratch folder. Flux, a Rust library, is
linked in through InfluxData's own `pkg-config`, which is built first and put before any other on PATH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from lab.base.diagnosis import cause
from lab.base.environment import small
from lab.base.errors import MachineError
from lab.base.progress import Report, quiet
from lab.stack.influxd.toolchain import Found, rust_environment, without_shims

MODULE = Path(__file__).parent / "module"
TAGS = "sqlite_foreign_keys,sqlite_json"
PKG_CONFIG = "github.com/influxdata/pkg-config"
DISK_GB = 3
"""Peak of the caches and the binary, measured, and a little more."""
DOWNLOADED, PREPARED = 0.02, 0.09
"""Shares of the time, measured on two cores: modules downloaded, pkg-config built; the rest compiles."""
LINES_KEPT = 500
"""Of the compilers' output: errors come with the lines of code around them."""
Advance = Callable[[str, float], None]
"""Takes what is being done and the share (0 to 1) that is done."""


def build(tools: Found, scratch: Path, advance: Advance, say: Report = quiet) -> Path:
    """Build influxd into `scratch` and return its path; `say` gets all that a failed step printed.

    Raises MachineError with the compiler's reason.
    """
    _room(scratch)
    source, programs = scratch / "source", scratch / "bin"
    shutil.copytree(MODULE, source)
    programs.mkdir()
    (scratch / "tmp").mkdir()
    environment = build_environment(tools, scratch, programs)
    go = str(tools.go)
    advance("downloading Go modules", 0.01)
    packages = _output((go, "list", "-deps", "-tags", TAGS, "."), source, environment, say)
    advance("building pkg-config", DOWNLOADED)
    _output((go, "build", "-o", str(programs / "pkg-config"), PKG_CONFIG), source, environment, say)
    binary = scratch / "influxd"
    argv = (go, "build", "-v", "-trimpath", "-tags", TAGS, "-o", str(binary), ".")
    _compile(argv, source, environment, len(packages), advance, say)
    return binary


def build_environment(tools: Found, scratch: Path, programs: Path) -> dict[str, str]:
    """The environment of every step: caches of its own, our pkg-config first, the C compiler by name.

    `scratch` has a plain path (`files.plain`): cgo refuses flags with blanks, and PATH is separated by colons. PWD and
    GOROOT keep Go from looking up where the path leads.
    `-mod=readonly`: the build takes the versions and checksums of go.mod and go.sum, or it fails.
    """
    compiler = tools.compiler
    environment = {
        **small(),
        **(rust_environment(tools.cargo) if tools.cargo else {}),
        "PATH": os.pathsep.join([str(programs), str(tools.go.parent if tools.go else ""), without_shims()]),
        "PWD": str(scratch / "source"),
        "TMPDIR": str(scratch / "tmp"),
        "GOCACHE": str(scratch / "go-build"),
        "GOMODCACHE": str(scratch / "go-mod"),
        "GOPATH": str(scratch / "go-path"),
        "GOFLAGS": "-modcacherw -buildvcs=false -mod=readonly",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "1",
    }
    if tools.go and tools.go.is_relative_to(scratch):
        environment["GOROOT"] = str(tools.go.parent.parent)
    if compiler and compiler.parent.name == "zig-bin":
        environment |= {"CC": str(compiler), "CXX": str(compiler.with_name("c++")), "AR": str(compiler.with_name("ar"))}
        environment["CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER"] = str(compiler)
        environment["CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER"] = str(compiler)
    if "CARGO_HOME" not in os.environ and not (Path.home() / ".cargo" / "config.toml").exists():
        environment["CARGO_HOME"] = str(scratch / "cargo")
    return environment


def _compile(  # noqa: PLR0917 - what `build` has prepared
    argv: tuple[str, ...], folder: Path, environment: dict[str, str], packages: int, advance: Advance, say: Report
) -> None:
    with subprocess.Popen(
        argv, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        last = follow(process.stdout or (), packages, advance)
        process.wait()
    if process.returncode:
        raise _broken(argv, "\n".join(last), say)


def follow(lines: Iterable[str], packages: int, advance: Advance) -> list[str]:
    """Count the package names that `go build -v` prints into progress; return the last lines for the error."""
    last: deque[str] = deque(maxlen=LINES_KEPT)
    for count, line in enumerate(lines, start=1):
        last.append(line.rstrip())
        share = PREPARED + (1 - PREPARED) * min(count, packages) / max(packages, 1)
        advance(f"compiling package {min(count, packages)} of {packages}", min(share, 0.99))
    return list(last)


def _output(argv: tuple[str, ...], folder: Path, environment: dict[str, str], say: Report) -> list[str]:
    done = subprocess.run(
        argv, cwd=folder, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        raise _broken(argv, done.stderr, say)
    return done.stdout.splitlines()


def _broken(argv: tuple[str, ...], output: str, say: Report) -> MachineError:
    for line in output.splitlines():
        say(line)
    return MachineError(
        f"Building influxd failed at `{Path(argv[0]).name} {argv[1]}`: {cause(output)}",
        "See ./workshop logs influxd-build; or name an influxd with LAB_INFLUXD; then ./workshop up.",
    )


def _room(scratch: Path) -> None:
    free = shutil.disk_usage(scratch).free / 1e9
    if free < DISK_GB:
        raise MachineError(
            f"Building influxd needs {DISK_GB} GB for a while, and {scratch.parent} has {free:.1f} GB free.",
            "Free some space, or point LAB_CACHE at another disk; then ./workshop up.",
        )
