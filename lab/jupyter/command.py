"""The command that starts JupyterLab on a lesson, and the address to open.

The token is fresh for each start and travels in the environment, so that it shows in no process list.
"""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path

from lab.addresses import Addresses, stack_file
from lab.settings import ROOT, settings

HERE = Path(__file__).resolve().parent
ARENAS = "1"
"""glibc's memory arenas in a kernel. librdkafka has a thread per broker and client, and by default each thread frees
into an arena of its own, where no other finds the room: a kernel with two panels grew by that for half an hour."""
PORT = 8888
"""JupyterLab's default; when it is taken, pass a free one: `--ServerApp.port_retries` would hide the address."""


@dataclass(frozen=True)
class JupyterCommand:
    """What to run (`argv` with `env`, in folder `cwd`) and the `url`, token included, that opens the lesson."""

    argv: list[str]
    env: dict[str, str] = field(repr=False)
    url: str = field(repr=False)
    cwd: Path = ROOT


def command(
    addresses: Addresses | None = None, lesson: str = "00", port: int = PORT, root: Path = ROOT
) -> JupyterCommand:
    """The command for `lesson` (its number, such as `00`) listening on loopback at `port`.

    `addresses` may be None when nothing runs yet: the panels then show every service as lost until it does. `root`
    is the folder that holds `notebooks/`: the clone, or a copy of it.
    """
    token = secrets.token_urlsafe(24)
    path = f"/lab/tree/{notebook(lesson, root)}"
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": str(port),
        "ServerApp.port_retries": "0",
        "ServerApp.open_browser": "False",
        "ServerApp.root_dir": str(root),
        "ServerApp.allow_root": "True",
        "ServerApp.jpserver_extensions": "lab.jupyter.server=True",
        "LabApp.default_url": path,
        "LabApp.extra_labextensions_path": str(HERE / "extensions"),
        "LabApp.app_settings_dir": str(HERE / "settings"),
        "LabApp.workspaces_dir": str(settings().state / "jupyter" / "workspaces"),
    }
    argv = [sys.executable, "-m", "jupyterlab", *[f"--{key}={value}" for key, value in options.items()]]
    return JupyterCommand(argv, _environment(token), f"http://127.0.0.1:{port}{path}?token={token}", root)


def notebook(lesson: str, root: Path = ROOT) -> str:
    """Path of a lesson's notebook relative to `root`; the folder of notebooks when there is none."""
    found = sorted((root / "notebooks").glob(f"{lesson}*.ipynb"))
    return found[0].relative_to(root).as_posix() if found else "notebooks"


def _environment(token: str) -> dict[str, str]:
    state = stack_file().parent.resolve()
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "JUPYTER_TOKEN": token,
        "PYTHONUTF8": "1",
        "LAB_STATE": str(state),
        "PYTHONPATH": os.pathsep.join(paths),
        "MALLOC_ARENA_MAX": os.environ.get("MALLOC_ARENA_MAX", ARENAS),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
