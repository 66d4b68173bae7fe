"""The wheel of time-outs asks when it should."""

from __future__ import annotations

import asyncio

import pytest

from lab.base.pace import allow
from lab.proxy import timer_wheel as wheel_module
from lab.proxy.timer_wheel import Wheel


async def test_the_wheel_asks_at_the_time_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel_module, "SLOT_SECONDS", 0.02)
    wheel = Wheel()
    asked: list[float] = []
    start = asyncio.get_running_loop().time()

    def ask(now: float) -> float | None:
        asked.append(now - start)
        return now + 0.05 if len(asked) < 2 else None

    wheel.add(ask, start)
    turning = asyncio.create_task(wheel.turn())
    async with asyncio.timeout(allow(20)):
        while len(asked) < 2:
            await asyncio.sleep(0.05)
    turning.cancel()
    assert asked[1] - asked[0] >= 0.05, "asked again before it was due"
