"""Samples the services for the docked map: one snapshot a second as a line of JSON, until its input closes.

A process of its own, so that JupyterLab's server starts fast and nothing that a client library does can harm it.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

from lab.widgets.panels.pipeline_map import composer
from lab.widgets.poller import Poller, standstill

log = logging.getLogger(__name__)
EVERY_S = 1.0
NO_KERNEL = "It continues automatically when that changes. If this stays, start ./workshop again and reload this page."
Compose = Callable[[], dict[str, Any]]


class Lines:
    """The newest snapshot as JSON; the last good one with a `notice` while no other can be composed."""

    def __init__(self, compose: Compose) -> None:
        self._compose = compose
        self._good: dict[str, Any] = {"loading": True}

    def next(self) -> str:
        """One line, whatever happens."""
        try:
            snapshot = self._compose()
            line = json.dumps(snapshot, allow_nan=False)
        except Exception as error:
            log.debug("the map could not be composed", exc_info=True)
            text, _ = standstill(error)
            return json.dumps({**self._good, "notice": {"level": "trouble", "text": text, "remedy": NO_KERNEL}})
        self._good = snapshot
        return line


def main() -> None:
    """Write snapshots to standard output; end when its parent closes standard input."""
    done = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        done.set()

    threading.Thread(target=listen, name="listen", daemon=True).start()
    poller = Poller()
    lines = Lines(composer(poller))
    while not done.wait(EVERY_S):
        sys.stdout.write(lines.next() + "\n")
        sys.stdout.flush()
    poller.stop()


if __name__ == "__main__":
    main()
