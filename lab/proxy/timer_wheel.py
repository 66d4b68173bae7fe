"""Deadlines for thousands of connections with one timer: a wheel of one-second slots.

A connection sits in the slot of its earliest possible deadline. When the slot comes round the connection says when
to look again, so that traffic, however heavy, never touches a timer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SLOT_SECONDS = 1.0


Ask = Callable[[float], float | None]
"""Told the time, acts on it and returns the next moment to be asked at, or None for never."""


class TimerWheel:
    """Asks each question at about its time; late by at most one slot."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._slots: dict[int, list[Ask]] = {}
        self._turned = int(self._loop.time() / SLOT_SECONDS)

    def add(self, ask: Ask, when: float) -> None:
        """Call `ask` at `when` (the loop's clock, seconds)."""
        slot = max(int(when / SLOT_SECONDS) + 1, self._turned + 1)
        self._slots.setdefault(slot, []).append(ask)

    async def turn(self) -> None:
        """Go round until cancelled."""
        while True:
            await asyncio.sleep(SLOT_SECONDS)
            self.advance(self._loop.time())

    def advance(self, now: float) -> None:
        """Ask all that is due by `now` (the loop's clock, seconds)."""
        for slot in range(self._turned + 1, int(now / SLOT_SECONDS) + 1):
            self._turned = slot
            for ask in self._slots.pop(slot, ()):
                again = ask(now)
                if again is not None:
                    self.add(ask, again)
