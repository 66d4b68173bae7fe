"""An event loop in a thread of its own: it answers, carries bytes, cancels what still runs, and ends."""

from __future__ import annotations

import asyncio

import pytest

from lab.base.loop_thread import LoopThread, cancel_others, carry
from lab.base.pace import allow


def test_it_returns_and_raises_what_the_work_does() -> None:
    loop = LoopThread("work")
    loop.start()
    assert loop.run(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(TimeoutError):
        loop.run(asyncio.wait_for(asyncio.Event().wait(), 0.01))
    assert loop.running
    loop.stop()
    assert not loop.running


async def test_what_still_runs_is_cancelled() -> None:
    task = asyncio.create_task(asyncio.Event().wait())
    await asyncio.sleep(0)
    await cancel_others()
    assert task.cancelled()


async def test_every_piece_is_announced_before_it_is_carried() -> None:
    reader, carried = asyncio.StreamReader(), Written()
    told: list[tuple[int, bytes]] = []

    async def before(size: int) -> None:
        told.append((size, carried.data))

    reader.feed_data(b"one")
    copying = asyncio.create_task(carry(reader, carried, before))  # type: ignore[arg-type]
    async with asyncio.timeout(allow(5)):
        while not carried.data:
            await asyncio.sleep(0)
        reader.feed_data(b"three")
        reader.feed_eof()
        await copying
    assert carried.data == b"onethree"
    assert told == [(3, b""), (5, b"one")]


class Written:
    """A writer that keeps what it is given."""

    data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    async def drain(self) -> None: ...
