"""`./workshop test`: the four folders of tests, the stages, in lanes side by side, each lane on one stack.

Most of what the tests do is waiting for services: with two lanes two cores are idle for half of the time. The files of
the longest stage are dealt out in parts, so that all lanes end at about the same time. A stage that fails stops
nothing else. What every stage printed, its JUnit file and the service logs of each failed test are kept in
one folder, which the last lines name.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

import psutil

from lab.base.errors import LearnerError, MachineError
from lab.base.interrupt import Ended
from lab.base.pace import measure_python, pace, words
from lab.base.settings import ROOT, settings
from lab.commands import test_report
from lab.commands.console import err, steps
from lab.commands.test_report import Result
from lab.stack import influxd_install
from lab.stack.influxd import binary

STAGES = ("notebooks", "browser", "services", "unit")
"""In the order they begin: what cannot be divided first, the shortest last."""
PARTS = {"services": 6, "notebooks": 2}
"""How many parts the files of a stage are dealt out to; a lane that is free takes the next part."""
ON_A_STACK = frozenset({"services", "notebooks", "browser"})
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
TWO_STACKS_GB, THREE_STACKS_GB = 6.0, 9.0
"""Free memory from which so many stacks (1.7 GB each), Chromium and the tests themselves fit side by side."""
QUICK = 1.25
"""A machine up to so many times slower than the reference has the time for a third lane, if it has two cores."""
KEPT_RUNS = 5
_running: set[subprocess.Popen[str]] = set()
"""The pytest of each lane."""
ODD_NAME = 'Ü, 50% "q" ;x'
"""The folder that holds a lane's stack: each of these characters has broken a program that took the path as it was."""
THOROUGH = "thorough or not thorough"
"""A marker expression that replaces the default one, `not thorough`."""


@dataclass(frozen=True)
class Part:
    """What one pytest runs: a stage or a share of its files. `name` names its log and its JUnit file."""

    stage: str
    name: str
    files: Sequence[str]


@dataclass(frozen=True)
class Asked:
    """What a person asked for: stages, everything thorough as well, the slowest tests listed, options for pytest."""

    stages: Sequence[str]
    thorough: bool
    durations: bool
    options: Sequence[str]


def run(arguments: Sequence[str], thorough: bool = False, durations: bool = False) -> int:
    """Run the stages named first, all by default; the other arguments go to pytest. Returns 0 when all pass."""
    asked = Asked(
        [argument for argument in arguments if argument in STAGES] or STAGES,
        thorough,
        durations,
        [argument for argument in arguments if argument not in STAGES],
    )
    _refuse_unknown_folder(asked.options)
    if ON_A_STACK & set(asked.stages):
        _get_influxd()
    if "browser" in asked.stages:
        require_browser()
    _hold_pace()
    kept = _new_folder()
    began = time.monotonic()
    results = _run_lanes(asked, kept)
    test_report.show(results, time.monotonic() - began, kept, asked.durations, asked.thorough)
    return max(result.code for result in results)


def _hold_pace() -> None:
    """One pace for all stages, measured before they work side by side and slow each other."""
    os.environ.setdefault("LAB_PACE", str(measure_python()))
    settings.cache_clear()
    if told := words(pace()):
        err.print(told, soft_wrap=True)


def _refuse_unknown_folder(options: Sequence[str]) -> None:
    """A word in the place of a stage is most likely a mistyped stage; pytest would say that no such file exists."""
    if options and not options[0].startswith("-") and not (ROOT / options[0].partition("::")[0]).exists():
        raise LearnerError(
            f"There is no stage {options[0]}.", f"Stages are {', '.join(STAGES)}; pytest's options follow them."
        )


def lanes(parts: int, free_gb: float | None = None, cores: int | None = None) -> int:
    """How many parts run side by side: as many as the memory holds stacks and the cores can serve, three at most."""
    if "LAB_TEST_STATE" in os.environ:  # a stack was named
        return 1
    free = psutil.virtual_memory().available / 1e9 if free_gb is None else free_gb
    quick = (_cores() if cores is None else cores) >= 2 and pace() <= QUICK
    most = 3 if quick and free >= THREE_STACKS_GB else 2 if free >= TWO_STACKS_GB else 1
    return min(parts, most)


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _run_lanes(asked: Asked, kept: Path) -> list[Result]:
    """Every stage once; the results in the order of STAGES."""
    waiting: SimpleQueue[Part] = SimpleQueue()
    for part in (part for stage in STAGES if stage in asked.stages for part in parts_of(stage, asked.options)):
        waiting.put(part)
    number, said = lanes(waiting.qsize()), threading.Lock()
    with ThreadPoolExecutor(number) as pool:
        running = [pool.submit(_lane, waiting, asked, kept, said) for _ in range(number)]
        try:
            results = [result for lane in running for result in lane.result()]
        except (KeyboardInterrupt, Ended) as end:  # no lane begins another part; each stops its stack
            with suppress(Empty):
                while True:
                    waiting.get_nowait()
            if isinstance(end, Ended):  # Ctrl-C reaches pytest from the terminal, SIGTERM only this process
                for process in list(_running):
                    process.send_signal(signal.SIGINT)
            raise
    return test_report.joined(results, STAGES)


def parts_of(stage: str, options: Sequence[str]) -> list[Part]:
    """The parts of a stage: each file in one of them. What `options` choose is not divided."""
    files = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / stage).rglob("test_*.py"))
    number = 1 if options else min(PARTS.get(stage, 1), len(files))
    if number == 1:
        return [Part(stage, stage, (f"tests/{stage}",))]
    return [Part(stage, f"{stage}-{n + 1}", tuple(files[n::number])) for n in range(number)]


def _lane(waiting: SimpleQueue[Part], asked: Asked, kept: Path, said: threading.Lock) -> list[Result]:
    """Take stages until none is waiting."""
    results = []
    with _lane_stack() as environment, suppress(Empty):
        while True:
            results.append(_stage(waiting.get_nowait(), asked, kept, environment, said))
    return results


@contextmanager
def _lane_stack() -> Iterator[Mapping[str, str]]:
    """The environment of a lane: its stages share one stack, which the first test that asks for it starts."""
    if "LAB_TEST_STATE" in os.environ:
        yield os.environ
        return
    folder = Path(tempfile.mkdtemp(prefix="workshop-tests-"))
    environment = {**os.environ, "LAB_TEST_STATE": str(folder / ODD_NAME / "state")}
    try:
        yield environment
    finally:
        down = (sys.executable, "-m", "lab", "down")
        with_state = {**environment, "LAB_STATE": environment["LAB_TEST_STATE"]}
        subprocess.run(down, cwd=ROOT, env=with_state, check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _stage(part: Part, asked: Asked, kept: Path, environment: Mapping[str, str], said: threading.Lock) -> Result:
    """Run one part; each line that pytest prints is shown with the stage's name, and kept."""
    stage, junit, began = part.stage, kept / f"{part.name}.xml", time.monotonic()
    marks = ("-m", THOROUGH) if asked.thorough else ()
    each_test = ("-v",) if stage in ON_A_STACK else ()  # so that no minute passes without a line
    argv = (sys.executable, "-m", "pytest", *part.files, *each_test, f"--junitxml={junit}", *marks, *asked.options)
    environment = {**environment, "LAB_TEST_LOGS": str(kept / "failed"), "PYTHONUNBUFFERED": "1"}
    with (
        (kept / f"{part.name}.log").open("w") as log,
        subprocess.Popen(
            argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        _running.add(process)
        try:
            for line in process.stdout or ():
                log.write(line)
                with said:
                    err.print(f"{stage:>9} ", line.rstrip(), sep="", markup=False, soft_wrap=True)
        finally:
            _running.discard(process)
    return test_report.read(stage, process.returncode, time.monotonic() - began, junit)


def _new_folder() -> Path:
    """A folder for this run under the state folder; of earlier ones the newest are kept."""
    home = settings().state.absolute() / "tests"
    home.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder for folder in home.iterdir() if (folder / "started").is_file())[: -KEPT_RUNS + 1]:
        shutil.rmtree(old, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=time.strftime("%Y-%m-%d-%H%M%S-"), dir=home))
    (made / "started").touch()
    return made


def _get_influxd() -> None:
    """Before the tests and their deadlines: a build takes minutes."""
    if binary.find() is None:
        with steps() as report:
            influxd_install.acquire(lambda what, share: report(f"Getting InfluxDB: {share:.0%}, {what}"), report)


def require_browser() -> None:
    """Chromium is there, or is installed where we may. Raises MachineError when neither."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    if os.getuid() == 0 and shutil.which("apt-get"):
        err.print("Installing Chromium for the browser tests")
        subprocess.run(("apt-get", "update", "-q"), check=False)
        subprocess.run(("apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"), check=False)
    if not any(shutil.which(name) for name in BROWSERS):
        raise MachineError(
            "The browser tests need Chromium, and there is none on PATH.",
            "Install it (Debian: apt-get install chromium), or run ./workshop test unit services notebooks.",
        )
