"""The whole stack where every folder has the worst name: clone, home, state, cache and temporary folder.

The locale is C and variables of the user's would break Java and Python, as on machines that somebody set up long ago.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lab.base import addresses
from lab.base.addresses import Addresses
from lab.base.pace import allow
from lab.base.settings import ROOT, settings
from lab.stack import ports, supervisor
from lab.stack.influxd import binary
from lab.stack.java import aot, jars
from lab.stack.layout import Layout
from tests.services.stack.test_life import points, produce, read_all, write_point
from tests.support.odd_names import WORST
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(900)
HOSTILE = {
    "LC_ALL": "C",
    "PYTHONIOENCODING": "ascii",
    "JAVA_TOOL_OPTIONS": "-XX:+NoSuchOption",
    "CLASSPATH": "/nowhere",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "NO_PROXY": "*",
}


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


class Clone:
    """A clone with its virtual environment, and a home, a state, a cache and a temporary folder, all oddly named."""

    def __init__(self, folder: Path) -> None:
        self.root, self.home, self.tmp = (folder / f"{WORST}{what}" for what in ("clone", "home", "tmp"))
        # Java opens no jars behind an emoji, Python makes no environment behind a colon; the others take both.
        self.layout = Layout(folder / f"{WORST}:😀state", folder / f"{WORST}:cache")
        for made in (self.root, self.home, self.tmp, self.layout.cache):
            made.mkdir()
        shutil.copytree(ROOT / "lab", self.root / "lab", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "requirements.txt", self.root)
        shutil.copytree(sys.prefix, self.root / ".venv", symlinks=True, copy_function=link_or_copy)
        for site in (self.root / ".venv" / "lib").glob("python*/site-packages"):
            (site / "workshop.pth").unlink(missing_ok=True)
            (site / "workshop.pth").write_text("../../../..\n")
        shutil.copytree(settings().cache.absolute() / "jars", self.layout.cache / "jars", copy_function=link_or_copy)
        apart = {name: port + 21000 + os.getpid() % 50 * 20 for name, port in ports.Ports().model_dump().items()}
        ports.remember(ports.Ports(**apart), self.layout.state / "ports.json")

    def run(self, *arguments: str) -> str:
        """`./workshop ...`: what it printed, once it has ended well."""
        done = subprocess.run(
            (self.root / ".venv" / "bin" / "python", "-P", "-m", "lab", *arguments),
            cwd="/",
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "TMPDIR": str(self.tmp),
                "LAB_STATE": str(self.layout.state),
                "LAB_CACHE": str(self.layout.cache),
                "LAB_INFLUXD": str(binary.find()),
                **HOSTILE,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=allow(300),
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    @property
    def where(self) -> Addresses:
        return addresses.load(self.layout.state)


@pytest.fixture
def clone(stack: Addresses, tmp_path: Path) -> Iterator[Clone]:
    """A clone; `stack` has brought jars and influxd."""
    made = Clone(tmp_path)
    try:
        yield made
    finally:
        made.run("down")


@pytest.mark.thorough("a whole stack in folders with the worst names")
def test_the_stack_lives_in_the_worst_folders(clone: Clone, tmp_path: Path) -> None:
    folders = set(tmp_path.iterdir())
    clone.run("up")
    here, mark = clone.layout, time.time_ns()
    produce(clone.where, str(mark).encode())
    write_point(clone.where, mark)
    plugins = httpx.get(f"{clone.where.connect_url}/connector-plugins", timeout=allow(10), trust_env=False).json()
    assert {"InfluxDB2Sink", "InfluxDB2Source"} <= {plugin["class"].rpartition(".")[2] for plugin in plugins}
    for node in (1, 2, 3):
        assert (here.data / f"kafka{node}" / f"{clone.where.names.readings}-0").is_dir()
    assert (here.data / "influxd" / "influxd.bolt").is_file()
    assert set(tmp_path.iterdir()) == folders | {here.state}

    caches = [
        here.cache / aot.FOLDER / aot.cache_file(jars.resolve(jars.KAFKA_LOCK), what).name for what in aot.PROGRAMS
    ]
    until(lambda: all(cache.is_file() for cache in caches), 300)
    clone.run("down")
    clone.run("up")
    assert str(mark).encode() in read_all(clone.where)
    assert str(mark) in points(clone.where)
    running = supervisor.processes(here) or {}
    if Path("/proc/self/maps").exists():
        for name, cache in zip(("kafka1", "connect"), caches, strict=True):
            assert cache.name in Path(f"/proc/{running[name].pid}/maps").read_text()
    assert set(tmp_path.iterdir()) == folders | {here.state}
