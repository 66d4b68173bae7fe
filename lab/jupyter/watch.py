"""The docked map's snapshots inside JupyterLab's server: a sampler child while somebody looks, none otherwise."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress

from lab.base.environment import python
from lab.base.pace import allow

IDLE_S = 20.0
"""Seconds without a look after which the sampler ends."""
END_S = 3.0
"""Seconds that the sampler may take to end once its input is closed."""
LONGEST_LINE = 1 << 20
"""Bytes of one snapshot that the reader takes; a real one has about 8,000."""
LOADING = '{"loading": true}'
AGAIN_S = 3.0
"""Seconds from the end of a sampler that nobody ended to the next one: its start costs a second of a core."""


class Watch:
    """Keeps the newest snapshot of one sampler; a sampler that died is told, and started again by a later look."""

    def __init__(self, *command: str) -> None:
        self._command = command or (sys.executable, "-m", "lab.jupyter.sampler")
        self._newest = LOADING
        self._looked = 0.0
        self._task: asyncio.Task[None] | None = None
        self._next = 0.0

    def look(self) -> str:
        """The newest snapshot as JSON; the first looks give `{"loading": true}`."""
        self._looked = time.monotonic()
        if (self._task is None or self._task.done()) and time.monotonic() >= self._next:
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
        child = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, limit=LONGEST_LINE, env=python()
        )
        assert child.stdout is not None
        try:
            while self._looked_lately() and (line := await child.stdout.readline()):
                self._newest = line.decode()
        finally:
            wanted = self._looked_lately()
            await _end(child)
            self._newest = _died(child.returncode) if wanted else LOADING
            self._next = time.monotonic() + (AGAIN_S if wanted else 0.0)

    def _looked_lately(self) -> bool:
        return time.monotonic() - self._looked < IDLE_S


def _died(code: int | None) -> str:
    """What the map shows when its sampler ended without being told to."""
    text = f"The map sees nothing: the process that asks the services ended with exit code {code}."
    remedy = "It is started again. If this stays, read what it said where ./workshop runs, or run ./workshop doctor."
    return json.dumps({"loading": True, "notice": {"level": "trouble", "text": text, "remedy": remedy}})


async def _end(child: asyncio.subprocess.Process) -> None:
    """Close its input, which ends it; kill it when it does not listen."""
    assert child.stdin is not None
    child.stdin.close()
    try:
        await asyncio.wait_for(child.wait(), allow(END_S))
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
