"""Signals of every process of the proxy: SIGTERM and SIGINT stop, a second one at once, SIGHUP reloads."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable


def on_signals(stop: asyncio.Event, reload: Callable[[], None]) -> None:
    """Set `stop` or call `reload` on this process's signals."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        if stop.is_set():
            raise SystemExit(1)
        stop.set()

    loop.add_signal_handler(signal.SIGTERM, end)
    loop.add_signal_handler(signal.SIGINT, end)
    loop.add_signal_handler(signal.SIGHUP, reload)
