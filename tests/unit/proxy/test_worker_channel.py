"""What travels between a worker and its parent comes out as it went in."""

from __future__ import annotations

import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.proxy.core.packets import Will
from lab.proxy.core.properties import P
from lab.proxy.core.rules import Identity
from lab.proxy.core.sessions import EndedSession
from lab.proxy.worker_channel import WorkerChannel, ended_in, ended_out


@given(
    st.frozensets(st.integers(1, 65535), max_size=5), st.integers(0, 2**32 - 1), st.binary(max_size=30), st.booleans()
)
def test_a_legacy_survives_the_pipe(received: frozenset[int], expiry: int, payload: bytes, with_will: bool) -> None:
    properties = {P.CORRELATION_DATA: payload, P.USER: [("a", "ä"), ("a", "b")]}
    will = Will("t/ü", payload, 2, True, 9, properties) if with_will else None
    ended = EndedSession(received, expiry, will, Identity("c", "u", None) if will else None)
    assert ended_in(json.loads(json.dumps(ended_out(ended)))) == ended


@pytest.mark.parametrize("packet", [1_000_000, 8_000_000])
async def test_the_largest_session_goes_through(packet: int) -> None:
    """Every id of QoS 2, the longest client id, a will as large as a packet: one line, or a worker would be lost."""
    pair = socket.socketpair()
    here, there = [await WorkerChannel.on(one, packet) for one in pair]
    name = "\u20ac" * 21_000
    pairs = [("n" * 60_000, "\u20ac" * 20_000)] * (packet // 120_000)
    will = Will("t/" + "\u20ac" * 21_000, b"\xff" * 65_000, 1, False, 30, {P.USER: pairs})
    ended = EndedSession(frozenset(range(1, 65_536)), 600, will, Identity(name))
    here.send({"op": "release", "client": name, "token": 1, **ended_out(ended)})
    message = await there.receive()
    assert message is not None
    assert ended_in(message) == ended
    here.close()
    assert await there.receive() is None
    there.close()
