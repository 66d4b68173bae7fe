"""Who may connect: a file of `name:hash` lines, hashes of argon2id with their own salt.

Checking a password takes tens of milliseconds and 64 MB on purpose, so it happens off the event loop, a few at a
time, and a password found right is remembered as a keyed digest until the file changes: a fleet that reconnects
does not pay twice. The key exists only in this process.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from lab.errors import LearnerError

HASHER = PasswordHasher()
REMEMBERED_MAX = 50_000
WAITING_MAX = 1_000
"""Checks waiting for a thread; beyond it a CONNECT is told that the server is busy."""
THREADS = 2


class Busy(Exception):  # noqa: N818 - a condition, not an error of the caller
    """Too many passwords are waiting to be checked."""


class Accounts:
    """The password file, as it was when last loaded."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._hashes: dict[str, str] = {}
        self._right: set[bytes] = set()
        self._key = secrets.token_bytes(32)
        self._nobody = HASHER.hash(secrets.token_hex(16))
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._waiting = 0
        self.load()

    def load(self) -> None:
        """Read the file again; on an error the accounts stay as they were. Raises LearnerError."""
        if self._path is not None:
            self._hashes = read(self._path)
            self._right.clear()

    async def check(self, name: str, password: bytes) -> bool:
        """Whether the password is the account's. Raises Busy."""
        stored = self._hashes.get(name)
        digest = blake2b(f"{name}\0{stored}\0".encode() + password, key=self._key).digest()
        if stored is not None and digest in self._right:
            return True
        if self._waiting >= WAITING_MAX:
            raise Busy
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            right = await loop.run_in_executor(self._threads, _verify, stored or self._nobody, password)
        finally:
            self._waiting -= 1
        if right and stored is not None and self._hashes.get(name) == stored:
            if len(self._right) >= REMEMBERED_MAX:
                self._right.clear()
            self._right.add(digest)
        return right and stored is not None

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _verify(stored: str, password: bytes) -> bool:
    """The same work is done for a name that does not exist, so that time does not tell names."""
    try:
        return HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def read(path: Path) -> dict[str, str]:
    """Name to hash. Raises LearnerError when the file is missing or a line is not `name:hash`."""
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise LearnerError(
            f"The password file {path} cannot be read: {error.strerror}.",
            "Make it with python -m lab.proxy passwd FILE NAME.",
        ) from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, stored = line.partition(":")
        if not colon or not stored.startswith("$argon2"):
            raise LearnerError(
                f"Line {number} of {path} is not name:hash.", "Write entries with python -m lab.proxy passwd FILE NAME."
            )
        found[name] = stored.strip()
    return found


def write(path: Path, name: str, password: str | None) -> None:
    """Set an account's password, or remove the account with None. The file is replaced in one step, mode 0600.

    Raises LearnerError for a name that the file cannot hold, or an account that is not there to remove.
    """
    if not name or ":" in name or "\n" in name or name.startswith("#"):
        raise LearnerError(f"{name!r} cannot be an account's name.", "Use a name without colon or line break.")
    found = read(path) if path.exists() else {}
    if password is None and name not in found:
        raise LearnerError(f"{path} has no account {name!r}.", "See its names with: cut -d: -f1 FILE.")
    if password is None:
        del found[name]
    else:
        found[name] = HASHER.hash(password)
    scratch = path.with_name(path.name + ".new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{one}:{stored}\n" for one, stored in found.items())
    scratch.replace(path)
