"""Listening sockets: a peer that vanished without a word is found by the kernel, whatever keep-alive it asked for."""

from __future__ import annotations

import socket

import pytest

from lab.proxy import listeners
from lab.proxy.config import Listener


def test_an_accepted_connection_is_probed_when_its_peer_is_silent() -> None:
    with listeners._bind(Listener(port=0), shared=False) as listening:
        listening.listen()
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            found = [accepted.getsockopt(socket.IPPROTO_TCP, option) for option, _ in listeners.DEAD_PEER]
    assert found == [seconds for _, seconds in listeners.DEAD_PEER]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("device.example", False),
    ],
)
def test_who_reaches_a_listener_is_known(host: str, loopback: bool) -> None:
    assert listeners._loopback(host) is loopback
