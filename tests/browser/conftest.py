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

from lab.base.addresses import Addresses
from lab.base.free_port import free_port
from lab.base.pace import allow, allow_ms, stop_after
from lab.base.settings import ROOT, settings
from lab.commands.test import BROWSERS
from lab.jupyter import JupyterCommand, command
from lab.provision import everything

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
OWN_JUPYTER = {
    ".jupyter/jupyter_server_config.py": "c.ServerApp.base_url = '/mine/'\nc.IdentityProvider.token = 'mine'\n"
    "c.ServerApp.certfile = '/mine.pem'\nc.PasswordIdentityProvider.hashed_password = 'sha1:1:1'\n"
    "c.PasswordIdentityProvider.password_required = True\n",
    ".jupyter/jupyter_config.py": "c.MultiKernelManager.default_kernel_name = 'mine'\n",
    ".jupyter/labconfig/page_config.json": '{"disabledExtensions": {"@jupyter-widgets/jupyterlab-manager": true}}',
    ".jupyter/lab/user-settings/@jupyterlab/docmanager-extension/plugin.jupyterlab-settings": '{"autosave": false}',
    ".local/share/jupyter/kernels/python3/kernel.json": '{"argv": ["false"], "display_name": "Mine", "language": "x"}',
    ".ipython/profile_default/startup/00-mine.py": "raise SystemExit('the start-up file of somebody else ran')\n",
    ".ipython/profile_default/ipython_config.py": "c.InteractiveShellApp.exec_lines = ['del print', 'exit()']\n",
}
"""Files of a home folder: another address, token, certificate, password, kernel, no widgets, a start-up that ends."""
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
    """JupyterLab on a copy of the notebooks, started by the command that ./workshop runs, for somebody whose own
    Jupyter is set up in every way that could lead this one astray."""
    root, home = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("home")
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    for name, text in OWN_JUPYTER.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(home / ".local" / "share" / "jupyter"))
        patch.setenv("JUPYTER_CONFIG_PATH", str(home / ".jupyter"))
        patch.setenv("PYTHONSTARTUP", str(home / ".ipython" / "profile_default" / "startup" / "00-mine.py"))
        start = command(pipeline, "00", free_port(), root)
    environment = {"LAB_CACHE": str(settings().cache.absolute()), **start.env, "HOME": str(home)}
    with (root / "jupyter.log").open("wb") as log:
        server = subprocess.Popen(start.argv, env=environment, cwd=start.cwd, stdout=log, stderr=log)
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
