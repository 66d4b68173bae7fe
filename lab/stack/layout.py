"""Where a stack keeps its files: the state folder of one clone and the cache of one user.

Only paths and folders here, no service knows where another one writes. Every folder is private to its user
(mode 0700), because secrets and the supervisor's socket live below.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab.errors import MachineError
from lab.settings import settings

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

    def prepare(self) -> None:
        """Make the folders. Raises MachineError when the state folder cannot be written."""
        try:
            for folder in (self.state, self.data, self.logs, self.run, self.secrets):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
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
