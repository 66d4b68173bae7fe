"""Chromium and what it looks at: bare pages for single panels, JupyterLab on a private stack for the rest.

Debian's Chromium is used as it is installed; without one the tests are skipped with the reason. It may talk to
loopback only: every other name resolves to nothing.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tenacity import retry, retry_if_exception_type, wait_fixed

from lab.addresses import Addresses
from lab.free_port import free_port
from lab.jupyter import JupyterCommand, command
from lab.pace import allow, allow_ms, stop_after
from lab.provision import everything
from lab.settings import ROOT
from lab.stack.testing import BROWSERS

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
PATIENCE_MS = allow_ms(120)
"""JupyterLab's page takes three seconds on a quiet machine and a minute on a crowded one."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page whose uncaught errors fail the test."""
    fresh = browser.new_page(viewport={"width": 900, "height": 700})
    fresh.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    fresh.on("pageerror", lambda error: errors.append(str(error)))
    yield fresh
    fresh.close()
    assert errors == []


@pytest.fixture(scope="session")
def pipeline(stack: Addresses) -> Addresses:
    """The stack with the whole pipeline on it."""
    everything(stack)
    return stack


@pytest.fixture(scope="session")
def jupyter(pipeline: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterCommand]:
    """JupyterLab on a copy of the notebooks, started by the command that ./workshop runs."""
    root = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    start = command(pipeline, "00", free_port(), root)
    with (root / "jupyter.log").open("wb") as log:
        server = subprocess.Popen(start.argv, env=start.env, cwd=start.cwd, stdout=log, stderr=log)
    try:
        answers(start.url.partition("/lab/")[0] + "/api")
        yield start
    finally:
        end(server)


def end(server: subprocess.Popen[bytes]) -> None:
    """Ask it to end, and make sure of it: a crowded machine may be slow to listen."""
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(allow(60))
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@retry(retry=retry_if_exception_type((httpx.HTTPError, AssertionError)), stop=stop_after(120), wait=wait_fixed(0.5))
def answers(url: str) -> None:
    """Wait until JupyterLab's server answers."""
    assert httpx.get(url, trust_env=False, timeout=allow(10)).status_code == httpx.codes.OK
