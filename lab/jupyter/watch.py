"""The docked map's snapshots inside JupyterLab's server: a sampler child while somebody looks, none otherwise."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress

IDLE_S = 20.0
"""Seconds without a look after which the sampler ends."""
LONGEST_LINE = 1 << 20
"""Bytes of one snapshot that the reader takes; a real one has about 8,000."""
LOADING = '{"loading": true}'


class Watch:
    """Keeps the newest snapshot of one sampler; a sampler that died is started again by the next look."""

    def __init__(self, *command: str) -> None:
        self._command = command or (sys.executable, "-m", "lab.jupyter.sampler")
        self._newest = LOADING
        self._looked = 0.0
        self._task: asyncio.Task[None] | None = None

    def look(self) -> str:
        """The newest snapshot as JSON; the first looks give `{"loading": true}`."""
        self._looked = time.monotonic()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow(), name="map-sampler")
        return self._newest

    async def close(self) -> None:
        """End the sampler now."""
        self._looked = -IDLE_S
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _follow(self) -> None:
        """Read lines until nobody looks any more or the child ends."""
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe, limit=LONGEST_LINE)
        assert child.stdout is not None
        try:
            while time.monotonic() - self._looked < IDLE_S and (line := await child.stdout.readline()):
                self._newest = line.decode()
        finally:
            self._newest = LOADING
            await _end(child)


async def _end(child: asyncio.subprocess.Process) -> None:
    """Close its input, which ends it; kill it when it does not listen."""
    assert child.stdin is not None
    child.stdin.close()
    try:
        await asyncio.wait_for(child.wait(), 3.0)
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
