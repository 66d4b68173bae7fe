"""Where a stack keeps its files: the state folder of one clone and the cache of one user.

Only paths and folders here, no service knows where another one writes. Every folder is private to its user
(mode 0700), because secrets and the supervisor's socket live below. A state folder is the stack's own: `prepare`
marks it, and takes no folder that holds anything else, so that whatever deletes can prove what it deletes.

A folder's name may hold almost any character, and most programs take few: commas, colons, blanks, percent signs and
letters beyond ASCII each mean something somewhere. So every service works in the run folder and is given relative
paths only (`seen`), and what lies elsewhere has a link with a plain name in the run folder (`link`).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.base import access
from lab.base.diagnosis import remedy
from lab.base.environment import utf8_locale
from lab.base.errors import LearnerError, MachineError
from lab.base.files import SHORT
from lab.base.settings import ROOT, settings

MARKER = "workshop-stack"
"""A file that says of its folder that a stack made it."""
FOLDERS = ("data", "logs", "run", "secrets")
FILES = ("ports.json", "proxy.toml", "stack.json")
KEPT = "kept"
MADE = frozenset({MARKER, *FOLDERS, *FILES, KEPT, "progress.toml", "jupyter", "tests", "failed"})
"""Every name that the kit itself writes in a state folder."""
NOBODYS = frozenset({"lost+found", ".DS_Store"})
"""What a file system or a desktop writes unasked."""
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
        """Configuration, pid and lock files: everything that `up` writes again."""
        return self.state / "run"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets"

    @property
    def influx_token(self) -> Path:
        return self.secrets / "influx-token"

    @property
    def socket(self) -> Path:
        """The supervisor's socket: under the state folder, or in a short private folder when that path is too long.

        That folder does not follow TMPDIR, which another terminal may have set to something else.
        """
        own = self.run / "supervisor.sock"
        if max(len(os.fsencode(path)) for path in (own, self.run.resolve() / own.name)) <= SOCKET_PATH_BYTES:
            return own
        digest = hashlib.sha256(os.fsencode(self.state)).hexdigest()[:12]
        return SHORT / f"lab-{os.getuid()}-{digest}" / "s.sock"

    def log(self, service: str) -> Path:
        return self.logs / f"{service}.log"

    def seen(self, path: Path) -> str:
        """A path below the state folder as services see it: relative to the run folder, where each of them works."""
        return os.path.relpath(path, self.run)

    def link(self, name: str, target: Path) -> str:
        """Make a link of this plain name in the run folder, in one step, and return the name.

        `target` need not be there yet.
        """
        scratch = self.run / f".{name}.{os.getpid()}"
        scratch.unlink(missing_ok=True)
        scratch.symlink_to(target)
        scratch.replace(self.run / name)
        return name

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

    def require_names(self) -> None:
        """Raises LearnerError, before anything is written, for a folder whose name some program cannot work with."""
        for what, folder, elsewhere in (
            ("clone", ROOT, "Move the clone to another folder, remove its .venv there, and run ./workshop again."),
            ("state folder", self.state, "Point LAB_STATE at another folder."),
            ("cache folder", self.cache, "Point LAB_CACHE at another folder."),
            ("temporary folder", Path(tempfile.gettempdir()), "Point TMPDIR at another folder."),
        ):
            for why in (*_objections_to_name(folder), *(_objections_to_jars(folder) if folder == self.cache else ())):
                raise LearnerError(f"The path of the {what}, {str(folder)!r}, has {why}.", elsewhere)

    def prepare(self) -> None:
        """Make the folders and mark them as a stack's.

        Raises MachineError when the state folder cannot be written, LearnerError when it holds anything else or a
        folder's name cannot be worked with.
        """
        self.require_names()
        try:
            self.require_own()
            for folder in (self.state, self.data, self.logs, self.run, self.secrets):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.state / MARKER).touch(mode=0o600)
            _private(self.socket.parent)
            (self.run / "writable").write_text("x" * 4096)
        except OSError as error:
            why = access.obstacle(self.state)
            elsewhere = "Point LAB_STATE at a new folder of yours."
            raise MachineError(
                f"The state folder {self.state} cannot be written: {why or error.strerror or error}.",
                elsewhere if why else remedy(error, elsewhere),
            ) from error


def layout() -> Layout:
    """The layout that the settings name."""
    return Layout(settings().state.absolute(), settings().cache.absolute())


def _objections_to_name(folder: Path) -> Iterator[str]:
    """What in a path cannot work with any of the mechanisms here: lines end files' lines, and text is UTF-8."""
    text = str(folder)
    if "\n" in text or "\r" in text:
        yield "a line break: files and messages have a path on one line"
    try:
        text.encode()
    except UnicodeEncodeError:
        yield "a byte that is not UTF-8: Java and JSON know text only"
    if not text.isascii() and utf8_locale() is None:
        yield "a letter beyond ASCII, and this machine has no locale for it (such as C.UTF-8)"


def _objections_to_jars(folder: Path) -> Iterator[str]:
    """What Java's class loader cannot read jars behind: it looks up where links lead, and makes addresses of that."""
    for part in folder.resolve().parts:
        if part.endswith("!"):
            yield "a name that ends with an exclamation mark: Java takes that for the end of a jar's name"
        if odd := [letter for letter in part if ord(letter) > 0xFFFF]:
            yield f"the letter {odd[0]}: Java loads no jars from a path with a letter beyond 16 bits"


def _private(folder: Path) -> None:
    """Make a folder that nobody else owns: the temp folder is shared, and a socket's folder is its lock."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.lstat()
    if facts.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
    folder.chmod(0o700)
