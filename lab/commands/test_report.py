"""What the tests came to: counts and times from pytest's JUnit files, and the closing lines of `./workshop test`."""

from __future__ import annotations

import itertools
import json
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from lab.commands.console import err

SLOWEST = 20
WHY_LINES, WHY_WIDTH = 12, 200
NO_TESTS = 5
"""pytest's exit code when nothing was collected: fine for a stage that the options leave nothing of."""


@dataclass(frozen=True)
class Timed:
    """One test that ran: the file it is in, its name, its seconds with set-up and tear-down."""

    file: str
    name: str
    seconds: float


@dataclass(frozen=True)
class Failure:
    """One test that failed, and the first lines of why."""

    name: str
    why: str = ""


@dataclass(frozen=True)
class Result:
    """One stage. `left_out` counts the thorough tests that did not run, by what they are."""

    stage: str
    code: int
    seconds: float
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    tests: Sequence[Timed] = ()
    failures: Sequence[Failure] = ()
    left_out: Counter[str] = field(default_factory=Counter)


def read(stage: str, code: int, seconds: float, junit: Path) -> Result:
    """The result of a stage from its JUnit file; a stage that left none counts as one failure."""
    try:
        suite = ET.parse(junit).getroot().find("testsuite")  # noqa: S314 - our own file
    except (OSError, ET.ParseError):
        suite = None
    if suite is None:
        return Result(stage, code or 1, seconds, failed=1, failures=(Failure(f"tests/{stage} ended without a result"),))
    cases = suite.findall("testcase")
    bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = int(suite.get("skipped", 0))
    return Result(
        stage,
        0 if code == NO_TESTS else code,
        seconds,
        passed=len({_name(case) for case in cases}) - len({_name(case) for case in bad}) - skipped,
        failed=len({_name(case) for case in bad}),
        skipped=skipped,
        tests=[Timed(_file(case), case.get("name", ""), float(case.get("time", 0))) for case in cases],
        failures=[
            Failure(name, why) for name, why in sorted({_name(case): _why(case) for case in reversed(bad)}.items())
        ],
        left_out=_left_out(junit),
    )


def joined(parts: Sequence[Result], stages: Sequence[str]) -> list[Result]:
    """One result per stage, in the order of `stages`: the sums of its parts, and the worst of their exit codes."""
    by_stage = {stage: [part for part in parts if part.stage == stage] for stage in stages}
    return [_sum(stage, mine) for stage, mine in by_stage.items() if mine]


def _sum(stage: str, parts: Sequence[Result]) -> Result:
    return Result(
        stage,
        max(part.code for part in parts),
        sum(part.seconds for part in parts),
        passed=sum(part.passed for part in parts),
        failed=sum(part.failed for part in parts),
        skipped=sum(part.skipped for part in parts),
        tests=[test for part in parts for test in part.tests],
        failures=[failure for part in parts for failure in part.failures],
        left_out=sum((part.left_out for part in parts), Counter[str]()),
    )


def _left_out(junit: Path) -> Counter[str]:
    """What tests/conftest.py noted of the tests that were not chosen."""
    noted = junit.with_suffix(".left-out.json")
    return Counter(json.loads(noted.read_text())) if noted.is_file() else Counter()


def _file(case: ET.Element) -> str:
    """`tests/unit/test_x.py` of a class name such as `tests.unit.test_x.TestY`."""
    parts = case.get("classname", "").split(".")
    end = next((at for at, part in enumerate(parts) if part.startswith("test_")), len(parts) - 1)
    return "/".join(parts[: end + 1]) + ".py"


def _name(case: ET.Element) -> str:
    return f"{_file(case)}::{case.get('name', '')}"


def _why(case: ET.Element) -> str:
    """The first WHY_LINES lines of a failure, without those that are empty."""
    told = next((found.get("message") or found.text or "" for found in case if found.tag in ("failure", "error")), "")
    lines = [line.rstrip()[:WHY_WIDTH] for line in told.splitlines() if line.strip()]
    return "\n".join(lines[:WHY_LINES])


def show(results: Sequence[Result], seconds: float, kept: Path, durations: bool, thorough: bool) -> None:
    """The closing lines: what ran, what passed, how long it took, what failed and where its logs are."""
    if durations:
        err.print(_slowest(results), _files(results), sep="\n", markup=False, soft_wrap=True)
    err.print(_stages(results))
    for failure in itertools.chain.from_iterable(result.failures for result in results):
        err.print(f"[red]✗[/] {escape(failure.name)}", soft_wrap=True)
        for line in failure.why.splitlines():
            err.print(f"    {line}", markup=False, highlight=False, soft_wrap=True)
    if any(result.failed for result in results):
        err.print(f"Output of each stage, and the service logs of each failed test: {kept}", soft_wrap=True)
    left_out = sum((result.left_out for result in results), Counter[str]())
    if left_out and not thorough:
        err.print(f"Left out, add --all to run it: {_listed(left_out)}.", soft_wrap=True)
    if not durations:
        err.print("Add --durations for the slowest tests and the seconds of each file.")
    passed, failed, skipped = (sum(getattr(r, name) for r in results) for name in ("passed", "failed", "skipped"))
    err.print(f"All stages took {minutes(seconds)}.")
    err.print(f"{passed} passed, {failed} failed, {skipped} skipped")


def minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60} s"


def _listed(left_out: Counter[str]) -> str:
    return ", ".join(
        f"{what} ({count} {'test' if count == 1 else 'tests'})" for what, count in sorted(left_out.items())
    )


def _stages(results: Sequence[Result]) -> Table:
    table = Table("stage", box=None, pad_edge=False)
    for column in ("passed", "failed", "skipped", "seconds"):
        table.add_column(column, justify="right")
    for result in results:
        mark = "[green]✓[/]" if result.code == 0 else "[red]✗[/]"
        counts = (result.passed, result.failed, result.skipped)
        table.add_row(f"{mark} tests/{result.stage}", *map(str, counts), f"{result.seconds:.0f}")
    return table


def _slowest(results: Iterable[Result]) -> str:
    tests = sorted((test for result in results for test in result.tests), key=lambda test: -test.seconds)
    lines = (f"{test.seconds:8.1f}  {test.file}::{test.name}" for test in tests[:SLOWEST])
    return "\n".join((f" seconds  the {SLOWEST} slowest tests", *lines, ""))


def _files(results: Iterable[Result]) -> str:
    sums: defaultdict[str, list[float]] = defaultdict(list)
    for result in results:
        for test in result.tests:
            sums[test.file].append(test.seconds)
    ordered = sorted(sums.items(), key=lambda entry: -sum(entry[1]))
    lines = (f"{sum(seconds):8.1f}  {len(seconds):5}  {file}" for file, seconds in ordered if sum(seconds) >= 1)
    return "\n".join((" seconds  tests  file", *lines, ""))
