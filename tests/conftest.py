"""What all folders of tests share: the one stack, the machine's pace, the logs of a failed test, and what was left out.

The stack is that of LAB_TEST_STATE where `./workshop test` has named one, so that the stages of a lane share it;
otherwise it is one in a temporary folder, started by the first test that asks for it and stopped at the end.
"""

from __future__ import annotations

import json
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import pytest_timeout

from lab import stack as services
from lab.base.addresses import Addresses
from lab.base.pace import allow, measure_python
from lab.base.settings import settings
from lab.commands.test import ODD_NAME
from lab.stack.layout import layout

LOG_TAIL_BYTES = 500_000
"""How much of each service's log is kept beside a failed test."""


def pytest_configure() -> None:
    """Every deadline of this run is multiplied by one pace: that of LAB_PACE, else one measured now.

    SIGINT ends it in order, also where it was started in the background by a shell that ignores that signal.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("LAB_PACE", str(measure_python()))
    settings.cache_clear()


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: pytest_timeout.Settings) -> object:
    """The time-outs of pyproject.toml and of markers are written for the reference machine too."""
    return pytest_timeout.pytest_timeout_set_timer(item, settings._replace(timeout=allow(settings.timeout)))


@pytest.fixture(scope="session")
def stack_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of the session's stack; LAB_STATE names it until the session ends."""
    given = os.environ.get("LAB_TEST_STATE")
    state = Path(given) if given else tmp_path_factory.mktemp("stack") / ODD_NAME / "state"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_STATE", str(state))
        settings.cache_clear()
        yield state
    settings.cache_clear()


@pytest.fixture(scope="session")
def stack(stack_state: Path) -> Iterator[Addresses]:
    """Where a running stack answers, every service ready; stopped at the end of the session unless it is the lane's."""
    try:
        yield services.up()
    finally:
        if "LAB_TEST_STATE" not in os.environ:
            services.down()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failed test leaves the ends of the logs of the services it used, in a folder named after it."""
    report = yield
    if report.failed and layout().logs.is_dir():
        report.sections.append(("service logs", str(_keep_logs(item, call.when))))
    return report


def _keep_logs(item: pytest.Item, when: str) -> Path:
    home = Path(os.environ.get("LAB_TEST_LOGS") or layout().state.parent / "failed")
    folder = home / re.sub(r"[^\w.-]+", "-", f"{item.nodeid}-{when}")[-150:]
    folder.mkdir(parents=True, exist_ok=True)
    for log in (*layout().logs.glob("*.log"), *layout().run.glob("*.properties"), layout().state / "stack.json"):
        if log.is_file():
            (folder / log.name).write_bytes(_tail(log))
    return folder


def _tail(log: Path) -> bytes:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
        return file.read()


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count the thorough tests that were not chosen, by what their marker says they are."""
    junit = items[0].config.option.xmlpath if items else None
    if not junit:
        return
    marks = [(item, mark) for item in items if (mark := item.get_closest_marker("thorough"))]
    if unnamed := [item.nodeid for item, mark in marks if not mark.args]:
        raise pytest.UsageError(f'mark what they are, @pytest.mark.thorough("..."): {", ".join(unnamed)}')
    reasons = [mark.args[0] for _, mark in marks]
    Path(junit).with_suffix(".left-out.json").write_text(json.dumps(Counter(reasons)))
