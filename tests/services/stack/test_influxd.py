"""Getting influxd in the background: what `up` starts follows this `up`, and `down` leaves nothing of it.

The tools of the build are stand-ins on a PATH of the test's own; with them a build begins and never ends. InfluxData's
archive is behind a proxy that nobody listens at, so that every machine comes to the build.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lab import stack as services
from lab.base.settings import ROOT, settings
from lab.stack import orphans, ports
from lab.stack.influxd import binary, progress
from lab.stack.influxd.progress import Progress
from lab.stack.layout import layout
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(900)
NOWHERE = "http://127.0.0.1:9"
VERSIONS = {"cargo": "cargo 1.96.0", "rustc": "rustc 1.96.0", "go": "go version go1.26.6 linux/amd64"}
TOOL = """#!/bin/sh
case "$1" in *version) echo "{version}"; exit ;; esac
/usr/bin/env >"{told}"
/bin/mkdir -p "$GOMODCACHE"
echo downloaded >"$GOMODCACHE/module"
exec /bin/sleep 3600
"""


class Clone:
    """A state and a cache of its own; the jars and connectors are those of the user's cache."""

    def __init__(self, folder: Path, usual: Path) -> None:
        self.told, self.tools, self.empty = folder / "told", folder / "tools", folder / "empty"
        self.state, self.cache = folder / "state", folder / "cache"
        for made in (self.tools, self.empty, self.cache):
            made.mkdir(parents=True)
        for shared in usual.iterdir() if usual.exists() else ():
            if shared.is_dir() and shared.name not in ("influxd", "aot"):
                (self.cache / shared.name).symlink_to(shared)
        # A cache of one's own has its own register of ports: apart from those of the stacks that start beside this one.
        apart = {name: port + 21000 + os.getpid() % 50 * 20 for name, port in ports.Ports().model_dump().items()}
        ports.remember(ports.Ports(**apart), self.state / "ports.json")
        for name in ("cargo", "rustc", "go", "cc", "pkg-config"):
            tool = self.tools / name
            tool.write_text(TOOL.format(version=VERSIONS.get(name, ""), told=self.told))
            tool.chmod(0o755)

    def start(self, *arguments: str, path: Path, **variables: str) -> subprocess.Popen[str]:
        """`./workshop ...` in a shell of its own, with this PATH and these variables."""
        kept = {name: value for name, value in os.environ.items() if name in ("HOME", "LANG", "TMPDIR", "USER")}
        given = {"LAB_STATE": str(self.state), "LAB_CACHE": str(self.cache), "HTTPS_PROXY": NOWHERE}
        return subprocess.Popen(
            (sys.executable, "-m", "lab", *arguments),
            cwd=ROOT,
            env={**kept, **given, "NO_PROXY": "127.0.0.1,localhost", "PATH": str(path), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, path: Path, **variables: str) -> tuple[int, str]:
        process = self.start(*arguments, path=path, **variables)
        said, _ = process.communicate()
        return process.returncode, " ".join(said.split())

    def influxd(self) -> dict[str, str]:
        """The row of influxd in `status`."""
        _, said = self.run("status", "--json", path=self.empty)
        return next(row for row in json.loads(said) if row["name"] == "influxd")

    def scratch(self) -> list[Path]:
        return list((self.cache / "influxd").glob("*/.making-*"))

    def building(self) -> bool:
        """A build has begun: the stand-in for Go has told its environment and left a file."""
        return any((each / "go-mod" / "module").exists() for each in self.scratch())


@pytest.fixture
def real_influxd(stack_state: Path) -> Path:
    found = binary.find()
    if found is None:
        pytest.skip("no influxd on this machine")
    return found


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    made = Clone(tmp_path, settings().cache.absolute())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_STATE", str(made.state))
        patch.setenv("LAB_CACHE", str(made.cache))
        settings.cache_clear()
        try:
            yield made
        finally:
            services.down()
    settings.cache_clear()


@pytest.mark.thorough("getting influxd from scratch")
def test_the_remedy_works_on_the_running_stack(real_influxd: Path, clone: Clone) -> None:
    code, said = clone.run("up", path=clone.empty)
    assert code != 0
    assert "Rust is missing" in said
    assert "rustc-web cargo-web" in said
    assert clone.influxd()["state"] == "failed"

    code, said = clone.run("up", "--no-wait", path=clone.tools, GOPROXY="https://proxy.test")
    assert code == 0, said
    until(clone.building, 120)
    told = dict(line.split("=", 1) for line in clone.told.read_text().splitlines() if "=" in line)
    assert str(clone.tools) in told["PATH"].split(":")
    assert (told["GOPROXY"], told["HTTPS_PROXY"]) == ("https://proxy.test", NOWHERE)
    assert clone.influxd()["state"] == "building"
    assert list((clone.state / "run").glob("*environment*")) == []

    code, said = clone.run("up", path=clone.empty, LAB_INFLUXD=str(real_influxd))
    assert code == 0, said
    row = clone.influxd()
    assert row["state"] == "ready"
    assert Path(psutil.Process(int(row["pid"])).exe()) == real_influxd.resolve()
    assert clone.scratch() == []

    code, said = clone.run("up", path=clone.empty)
    assert code == 0, said
    assert clone.influxd() | {"memory_mb": 0} == row | {"memory_mb": 0}


@pytest.mark.thorough("getting influxd from scratch")
def test_down_in_the_middle_of_a_build_leaves_nothing_and_yesterdays_failure_is_not_todays(clone: Clone) -> None:
    progress.save(Progress("", 0.0, failed="Yesterday's trouble.\nYesterday's remedy."))
    up = clone.start("up", "--no-wait", path=clone.tools)
    while up.poll() is None:
        if (clone.state / "stack.json").exists():
            assert "Yesterday" not in str(services.status())
    said, _ = up.communicate()
    assert up.returncode == 0, said
    until(clone.building, 120)
    code, said = clone.run("down", path=clone.empty)
    assert code == 0, said
    assert clone.scratch() == []
    assert orphans.find(layout()) == []
