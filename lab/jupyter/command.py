"""The command that starts JupyterLab on a lesson, and the address to open.

The token is fresh for each start and travels in the environment, so that it shows in no process list.

A user's own Jupyter may have another token, base address, certificate or password, a kernel named `python3` of its
own, a disabled widget manager, start-up files of IPython. None of it is read: the address that is printed must open the
lesson, and a lesson must find what it was written for. What the learner sets in this JupyterLab is kept in the state
folder.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path

from lab.base.addresses import Addresses, stack_file
from lab.base.settings import ROOT, settings
from lab.stack.orphans import STARTED_BY

HERE = Path(__file__).resolve().parent
ARENAS = "1"
"""glibc's memory arenas in a kernel. librdkafka has a thread per broker and client, and by default each thread frees
into an arena of its own, where no other finds the room: a kernel with two panels grew by that for half an hour."""
FOREIGN = re.compile(r"I?PYTHON.*|JUPYTER.*|PLOTLY_RENDERER")
KEPT_VARIABLES = frozenset({"PYTHONIOENCODING", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"})
"""Variables that lead Python, IPython, Jupyter or plotly to a user's own files are not passed on, except for these."""
EXTENSIONS = ("lab.jupyter.server", "jupyter_server_terminals", "jupyter_lsp")
"""What JupyterLab's server loads beside JupyterLab: the course's part, and what is installed with JupyterLab."""
FOLDER = "notebooks"
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

    `addresses` may be None when nothing runs yet: the panels then show every service as down until it does. `root`
    is the folder that holds `notebooks/`: the clone, or a copy of it.
    """
    token = secrets.token_urlsafe(24)
    home = settings().state.absolute() / "jupyter"
    path = f"/lab/tree/{notebook(lesson, root)}"
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": str(port),
        "ServerApp.port_retries": "0",
        "ServerApp.open_browser": "False",
        "ServerApp.root_dir": str(root),
        "ServerApp.allow_root": "True",
        "ServerApp.base_url": "/",
        "ServerApp.contents_manager_class": "lab.jupyter.contents.WholeFileManager",
        "LabApp.default_url": path,
        "LabApp.extra_labextensions_path": str(HERE / "extensions"),
        "LabApp.app_settings_dir": str(HERE / "settings"),
        "LabApp.labextensions_path": str(Path(sys.prefix) / "share" / "jupyter" / "labextensions"),
        "LabApp.user_settings_dir": str(home / "settings"),
        "LabApp.workspaces_dir": str(home / "workspaces"),
    }
    extensions = [f"--ServerApp.jpserver_extensions={name}=True" for name in EXTENSIONS]
    argv = [sys.executable, "-m", "jupyterlab", *[f"--{key}={value}" for key, value in options.items()], *extensions]
    return JupyterCommand(argv, _environment(token, home), f"http://127.0.0.1:{port}{path}?token={token}", root)


def notebook(lesson: str, root: Path = ROOT) -> str:
    """Path of a lesson's notebook relative to `root`; FOLDER when there is none."""
    found = sorted((root / FOLDER).glob(f"{lesson}*.ipynb"))
    return found[0].relative_to(root).as_posix() if found else FOLDER


def _environment(token: str, home: Path) -> dict[str, str]:
    state = stack_file().parent.resolve()
    passed_on = {
        name: value for name, value in os.environ.items() if name in KEPT_VARIABLES or not FOREIGN.fullmatch(name)
    }
    return {
        **passed_on,
        "JUPYTER_TOKEN": token,
        "JUPYTER_NO_CONFIG": "1",
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "IPYTHONDIR": str(home / "ipython"),
        STARTED_BY: f"{os.getpid()} {state}",
        "PYTHONUTF8": "1",
        "LAB_STATE": str(state),
        "PYTHONPATH": str(ROOT),
        "MALLOC_ARENA_MAX": os.environ.get("MALLOC_ARENA_MAX", ARENAS),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
