"""An event loop in a thread of its own, and how bytes are carried on it from one connection to another.

It is for what a notebook runs beside itself on loopback; the notebook's own thread only asks and waits.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from lab.base.pace import allow

T = TypeVar("T")

ANSWER_SECONDS = 5.0
CHUNK_BYTES = 16 * 1024
"""Carried at once."""


class LoopThread:
    """An event loop that runs in a daemon thread from start() to stop()."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        """Let the loop run; once only."""
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], within: float = ANSWER_SECONDS) -> T:
        """What the coroutine returns or raises on the loop; TimeoutError after `within` seconds (reference machine)."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(allow(within))

    def stop(self, within: float = ANSWER_SECONDS) -> None:
        """End the loop and wait up to `within` seconds for its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(allow(within))
        self._loop.close()


async def cancel_others() -> None:
    """Cancel every other task of this loop and wait until they have ended."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, before: Callable[[int], Awaitable[None]]
) -> None:
    """Copy until the reader's end; `before` is told each piece's size and may hold it back. Raises OSError."""
    while data := await reader.read(CHUNK_BYTES):
        await before(len(data))
        writer.write(data)
        await writer.drain()
