"""The timer wheel asks when it should: never early, at most one slot late, and again when told to."""

from __future__ import annotations

import asyncio

import pytest

from lab.base.pace import allow
from lab.proxy import timer_wheel
from lab.proxy.timer_wheel import TimerWheel


async def test_it_never_asks_early_and_is_one_slot_late_at_most() -> None:
    wheel = TimerWheel()
    begin = asyncio.get_running_loop().time()
    asked: list[float] = []

    def ask(now: float) -> float | None:
        asked.append(now)
        return begin + 50 if len(asked) < 2 else None

    wheel.add(ask, begin + 7)
    for tenth in range(1000):
        wheel.advance(begin + tenth / 10)
    first, second = (when - begin for when in asked)
    assert 7 <= first <= 8.1, first
    assert 50 <= second <= 51.1, second


async def test_a_moment_that_is_over_is_asked_about_in_the_next_slot() -> None:
    wheel = TimerWheel()
    begin = asyncio.get_running_loop().time()
    asked: list[float] = []
    wheel.add(asked.append, begin - 100)
    wheel.advance(begin)
    assert not asked
    wheel.advance(begin + 1)
    assert asked == [begin + 1]


async def test_it_goes_round_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timer_wheel, "SLOT_SECONDS", 0.02)
    wheel = TimerWheel()
    asked = asyncio.Event()
    wheel.add(lambda _now: asked.set(), 0)
    turning = asyncio.create_task(wheel.turn())
    async with asyncio.timeout(allow(20)):
        await asked.wait()
    turning.cancel()
