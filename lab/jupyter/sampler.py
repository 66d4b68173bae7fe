"""Samples the services for the docked map: one snapshot a second as a line of JSON, until its input closes.

A process of its own, so that JupyterLab's server starts fast and nothing that a client library does can harm it.
"""

from __future__ import annotations

import json
import sys
import threading

from lab.widgets.panels.pipeline_map import composer
from lab.widgets.pump import Pump

EVERY_S = 1.0


def main() -> None:
    """Write snapshots to standard output; end when whoever started this closes standard input."""
    done = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        done.set()

    threading.Thread(target=listen, name="listen", daemon=True).start()
    pump = Pump()
    compose = composer(pump)
    while not done.wait(EVERY_S):
        sys.stdout.write(json.dumps(compose()) + "\n")
        sys.stdout.flush()
    pump.stop()


if __name__ == "__main__":
    main()
