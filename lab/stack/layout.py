"""Where a stack keeps its files: the state folder of one clone and the cache of one user.

Only paths and folders here, no service knows where another one writes. Every folder is private to its user
(mode 0700), because secrets and the supervisor's socket live below. A state folder is the stack's own: `prepare`
marks it, and takes no folder that holds anything else, so that whatever deletes can prove what it deletes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LearnerError, MachineError
from lab.settings import ROOT, settings

MARKER = "workshop-stack"
"""A file that says of its folder that a stack made it."""
FOLDERS = ("data", "logs", "run", "secrets")
FILES = ("ports.json", "proxy.toml", "stack.json")
KEPT = "kept"
MADE = frozenset({MARKER, *FOLDERS, *FILES, KEPT, "progress.toml", "jupyter", "tests", "failed"})
"""Every name that the kit itself writes in a state folder."""
NOBODYS = frozenset({"lost+found", ".DS_Store"})
"""What a file system or a desktop writes by itself."""
SOCKET_PATH_BYTES = 90
"""Longest socket path that is used in place: Linux allows 108 bytes, macOS 104, and supervisor appends its pid."""


@dataclass(frozen=True)
class Layout:
    """The folders of one stack; `state` and `cache` are absolute."""

    state: Path
    cache: Path

    @property
    def data(self) -> Path:
        return self.state / "data"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """Configuration, pid and lock files: everything that `up` writes anew."""
        return self.state / "run"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets"

    @property
    def influx_token(self) -> Path:
        return self.secrets / "influx-token"

    @property
    def socket(self) -> Path:
        """The supervisor's socket: under the state folder, or in a short private folder when that path is too long."""
        own = self.run / "supervisor.sock"
        if len(os.fsencode(own)) <= SOCKET_PATH_BYTES:
            return own
        digest = hashlib.sha256(os.fsencode(self.state)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"lab-{os.getuid()}-{digest}" / "s.sock"

    def log(self, service: str) -> Path:
        return self.logs / f"{service}.log"

    def objection(self) -> str | None:
        """Why this is not the state folder of a stack and must not become one; None when it is one or may be."""
        folder, home = self.state.resolve(), Path("~").expanduser().resolve()
        if ROOT.is_relative_to(folder) or home.is_relative_to(folder) or folder == Path(folder.anchor):
            return "it is, or holds, your home folder, this clone or the root of the disk"
        if not folder.exists() or (folder / MARKER).is_file():
            return None
        if not folder.is_dir():
            return "it is a file"
        held = {entry.name for entry in folder.iterdir()} - NOBODYS
        # A stack of before the marker is known by the files that only a stack writes.
        named = set() if held.isdisjoint({"ports.json", "stack.json"}) else {*FOLDERS, *FILES}
        other = sorted(name for name in held if name not in (MADE - {*FOLDERS, *FILES}) | named)
        if not other:
            return None
        more = f" and {len(other) - 3} more" if len(other) > 3 else ""
        return f"it holds what no stack of this kit made: {', '.join(other[:3])}{more}"

    def require_own(self) -> None:
        """Raises LearnerError when the state folder holds anything that is not a stack's."""
        if why := self.objection():
            raise LearnerError(
                f"The folder {self.state} cannot be a stack's state folder: {why}.",
                "Point LAB_STATE at a new or an empty folder, or unset it.",
            )

    def prepare(self) -> None:
        """Make the folders and mark them as a stack's.

        Raises MachineError when the state folder cannot be written, LearnerError when it holds anything else.
        """
        try:
            self.require_own()
            for folder in (self.state, self.data, self.logs, self.run, self.secrets):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.state / MARKER).touch(mode=0o600)
            _private(self.socket.parent)
            (self.run / "writable").write_text("x" * 4096)
        except OSError as error:
            raise MachineError(
                f"The state folder {self.state} cannot be written: {error.strerror or error}.",
                "Free some space or mend its permissions, or point LAB_STATE at another folder.",
            ) from error


def layout() -> Layout:
    """The layout that the settings name."""
    return Layout(settings().state.absolute(), settings().cache.absolute())


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    """Write a small file in one step and return its path; never leaves half of it.

    Raises MachineError when the disk is full or read-only.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            file.write(text)
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise MachineError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Free some space or mend its permissions, then run the command again.",
        ) from error
    return path


def clear(folder: Path, pattern: str) -> None:
    """Remove scratch folders that a killed process left; call it where nobody else can be using them."""
    for left in folder.glob(pattern):
        shutil.rmtree(left, ignore_errors=True)


def _private(folder: Path) -> None:
    """Make a folder that nobody else owns: the temp folder is shared, and a socket's folder is its lock."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.lstat()
    if facts.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
    folder.chmod(0o700)
