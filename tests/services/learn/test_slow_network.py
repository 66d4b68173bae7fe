"""The slow network counts what passes and holds it back, by door and by SOCKS5."""

import socket
import struct
import threading
from time import monotonic

import pytest

from lab.base.pace import allow
from lab.learn.slow_network import SlowNetwork


@pytest.fixture
def echo():
    """The port of a server that sends everything back, for as many connections as come."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve(connection):
        with connection:
            while data := connection.recv(4096):
                connection.sendall(data)

    def accept():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def ask(connection, words):
    connection.sendall(words)
    heard = b""
    while len(heard) < len(words):
        heard += connection.recv(4096)
    return heard


def test_a_door_counts_connections_round_trips_and_bytes(echo):
    with (
        SlowNetwork() as far,
        socket.create_connection(("127.0.0.1", far.door("127.0.0.1", echo)), timeout=allow(5)) as link,
    ):
        assert ask(link, b"one") == b"one"
        assert ask(link, b"three") == b"three"
        assert (far.traffic.connections, far.traffic.round_trips, far.traffic.bytes) == (1, 3, 16)
        far.reset()
        assert far.traffic.bytes == 0


def test_every_piece_pays_the_delay_both_ways_and_so_does_opening(echo):
    began = monotonic()
    with (
        SlowNetwork(0.05) as far,
        socket.create_connection(("127.0.0.1", far.door("127.0.0.1", echo)), timeout=allow(5)) as link,
    ):
        ask(link, b"x")
    assert monotonic() - began >= 0.2


def test_socks5_leads_to_the_target_that_is_asked_for(echo):
    with SlowNetwork() as far:
        entrance = int(far.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", entrance), timeout=allow(5)) as link:
            link.sendall(b"\x05\x01\x00")
            assert link.recv(2) == b"\x05\x00"
            link.sendall(b"\x05\x01\x00\x01" + socket.inet_aton("127.0.0.1") + struct.pack(">H", echo))
            assert link.recv(10)[:2] == b"\x05\x00"
            assert ask(link, b"hello") == b"hello"
        assert far.traffic.connections == 1
