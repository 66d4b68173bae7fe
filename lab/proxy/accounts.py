"""Who may connect: a file of `name:hash` lines, hashes of argon2id with their own salt.

Checking a password costs time and memory on purpose, so it happens off the event loop, a few at a time, and what was
found is remembered as a keyed digest until the file changes: a fleet that reconnects does not pay twice, and neither
does this process for a device that repeats a wrong password every second. The key exists only in this process.

Those who wait are served account by account in turn: somebody who guesses delays the right ones by one check at most,
however fast the guesses come. Names that do not exist count as one account together.
"""

from __future__ import annotations

import asyncio
import secrets
from base64 import b64encode
from collections import OrderedDict, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from lab.base import files
from lab.base.errors import LearnerError

HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's least setting of argon2id: some 20 ms and 19 MB on a current machine. The library's own default takes 64 MB
and several times as long: right for a person who logs in once a day, wrong for a fleet that comes back all at once
after a power cut and whose passwords are long and random. A hash carries its setting, so older ones stay valid."""
THREADS = 2
REMEMBERED_MAX = 50_000
WAITING_MAX = 5_000
"""Different passwords waiting; beyond it a CONNECT is told that the server is busy. How long one waits is bounded by
the connection (`login_timeout`), so this only bounds the memory: the rest is told to come back by then."""
LANE_MAX = 100
"""Different passwords waiting for one account, and for all unknown names together."""


class Busy(Exception):  # noqa: N818 - a condition, not an error of the caller
    """Too many passwords are waiting to be checked."""


@dataclass(slots=True, eq=False)
class _Check:
    """One password being checked, for everybody who has sent it by then."""

    name: str
    stored: str | None
    password: bytes
    digest: bytes
    done: asyncio.Future[bool]
    waiters: int = 0


class Accounts:
    """The password file, as it was when last loaded."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._hashes: dict[str, str] = {}
        self._right: set[bytes] = set()
        self._wrong: set[bytes] = set()
        self._key = secrets.token_bytes(32)
        self._nobody = ""
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._running = 0
        self._checks: dict[bytes, _Check] = {}
        self._lanes: OrderedDict[str | None, deque[_Check]] = OrderedDict()
        self.load()

    @property
    def exist(self) -> bool:
        """Whether there is a password file at all."""
        return self._path is not None

    def load(self) -> None:
        """Read the file again; on an error the accounts stay as they were. Raises LearnerError."""
        if self._path is not None:
            self._hashes = read(self._path)
            self._right.clear()
            self._wrong.clear()
            self._nobody = _like(self._hashes)

    async def check(self, name: str, password: bytes) -> bool:
        """Whether the password is the account's. Raises Busy."""
        stored = self._hashes.get(name)
        digest = blake2b(f"{name}\0{stored}\0".encode() + password, key=self._key).digest()
        if digest in self._right or digest in self._wrong:
            return digest in self._right
        check = self._checks.get(digest) or self._enqueue(name, stored, password, digest)
        check.waiters += 1
        try:
            return await asyncio.shield(check.done)
        finally:
            check.waiters -= 1

    def _enqueue(self, name: str, stored: str | None, password: bytes, digest: bytes) -> _Check:
        lane = self._lanes.setdefault(name if stored else None, deque())
        if len(self._checks) >= WAITING_MAX or len(lane) >= LANE_MAX:
            raise Busy
        loop = asyncio.get_running_loop()
        check = self._checks[digest] = _Check(name, stored, password, digest, loop.create_future())
        lane.append(check)
        loop.call_soon(self._start_next)
        return check

    def _start_next(self) -> None:
        """Give free threads their work: one check of each account in turn. What nobody waits for is left out."""
        while self._running < THREADS and self._lanes:
            account, lane = self._lanes.popitem(last=False)
            check = lane.popleft() if lane else None
            if lane:
                self._lanes[account] = lane
            if check is None:
                continue
            if not check.waiters:
                del self._checks[check.digest]
                continue
            self._running += 1
            work = asyncio.get_running_loop().run_in_executor(
                self._threads, _verify, check.stored or self._nobody, check.password
            )
            work.add_done_callback(partial(self._finish, check))

    def _finish(self, check: _Check, work: asyncio.Future[bool]) -> None:
        self._running -= 1
        del self._checks[check.digest]
        right = not work.cancelled() and work.result() and check.stored is not None
        if self._hashes.get(check.name) == check.stored:  # not loaded again since
            known = self._right if right else self._wrong
            if len(known) >= REMEMBERED_MAX:
                known.clear()
            known.add(check.digest)
        if not check.done.done():
            check.done.set_result(right)
        self._start_next()

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _like(hashes: dict[str, str]) -> str:
    """What a name that does not exist is checked against: random bytes that cost what the costliest account costs."""

    def cost(stored: str) -> int:
        setting = extract_parameters(stored)
        return setting.time_cost * setting.memory_cost

    head, *parts = max([*hashes.values()] or [HASHER.hash("")], key=cost).rsplit("$", 2)
    drawn = (b64encode(secrets.token_bytes(len(part) * 3 // 4)).decode().rstrip("=") for part in parts)
    return "$".join((head, *drawn))


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
        if not colon or not _is_hash(stored.strip()):
            raise LearnerError(
                f"Line {number} of {path} is not name:hash.", "Write entries with python -m lab.proxy passwd FILE NAME."
            )
        found[name] = stored.strip()
    return found


def _is_hash(stored: str) -> bool:
    try:
        extract_parameters(stored)
    except InvalidHashError:
        return False
    return True


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
    lines = (f"{one}:{stored}\n" for one, stored in found.items())
    files.write(path, "".join(lines), elsewhere="Name a password file in a folder that you may write to.")
