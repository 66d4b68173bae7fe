"""Steps that `up` starts beside the services: each one process of the supervisor's, in the environment of this `up`.

The supervisor keeps the environment that it was started with, perhaps days ago. A step must see what the person has
now: a PATH with the Rust that was just installed, a proxy that was just set. So `start` writes the present environment
to a file that only the user can read, and the step's process reads it, removes it (it may hold passwords), and becomes
the step.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from lab.base.environment import PASSED_ON
from lab.base.files import write
from lab.base.settings import ROOT
from lab.stack import supervisor
from lab.stack.layout import Layout
from lab.stack.service import Service


def service(name: str, module: str, stop_seconds: int, where: Layout) -> Service:
    """The process of a step: this module, which becomes `python -m module`."""
    return Service(
        name=name,
        argv=(sys.executable, "-P", "-m", "lab.stack.background", where.seen(_file(name, where)), module),
        log=where.log(name),
        environment={"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stop_seconds=stop_seconds,
        start=False,
        restart=False,
    )


def start(name: str, where: Layout) -> None:
    """Start a step in this process's environment; one that runs already goes on in its own."""
    process = (supervisor.processes(where) or {}).get(name)
    if process and process.pid:
        return
    write(_file(name, where), json.dumps(supervisor.environment(where)))
    supervisor.start(name, where)


def _file(name: str, where: Layout) -> Path:
    return where.run / f"{name}.environment.json"


def adopted(file: Path) -> dict[str, str]:
    """The environment of the `up` that started this step: nothing that is passed on survives from the supervisor's."""
    own = {name: value for name, value in os.environ.items() if not PASSED_ON.fullmatch(name)}
    try:
        given = json.loads(file.read_text())
    except OSError:  # started by hand, with supervisorctl
        return dict(os.environ)
    file.unlink(missing_ok=True)
    return {**own, **given}


def main(file: str, module: str) -> None:
    """Become the step."""
    os.execve(sys.executable, (sys.executable, "-P", "-m", module), adopted(Path(file)))  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(*sys.argv[1:3])
