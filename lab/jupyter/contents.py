"""How JupyterLab's server saves notebooks: in one step.

Jupyter empties a notebook's file and then writes it. A page that is loaded in between reads nothing, says "File Load
Error ... does not appear to be JSON" and shows no notebook until it is loaded again; a machine that stops in between
leaves half a lesson. Here the text goes to a second file, which takes the notebook's place when it is complete.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager


class WholeFileManager(AsyncLargeFileManager):
    """Jupyter's own manager, except that a reader never sees half of a file."""

    @contextmanager
    def atomic_writing(self, os_path: str, *args: Any, **options: Any) -> Iterator[IO[Any]]:
        """A file to write to, which becomes `os_path` when all went well; Jupyter's way where no second file fits."""
        place = Path(os.path.realpath(os_path))  # of a link, what it leads to
        if not os.access(place.parent, os.W_OK) or (place.exists() and not os.access(place, os.W_OK)):
            with super().atomic_writing(os_path, *args, **options) as file:
                yield file
            return
        with self.perm_to_403(os_path), _replacing(place, *args, **options) as file:
            yield file


@contextmanager
def _replacing(place: Path, text: bool = True, encoding: str = "utf-8", **options: Any) -> Iterator[IO[Any]]:
    """The second file lies beside the first, hidden, and keeps its permissions; an error leaves the first as it is."""
    scratch = place.with_name(f".~{place.name}")
    if text:
        options = {"newline": "\n", "encoding": encoding, **options}
    try:
        with scratch.open("w" if text else "wb", **options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if place.exists():
            shutil.copymode(place, scratch)
        scratch.replace(place)
    except BaseException:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)
        raise
