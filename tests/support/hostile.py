"""Clients that take all they can get: they push bytes for as long as they are read, up to a bound of their own."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from bench.proxy_process import ProxyProcess
from lab.proxy.core.packets import Connect
from tests.support import publisher
from tests.support.mqtt_wire import name, opened

QUIET_SECONDS = 2.8
"""Nothing was taken for so long: the proxy has stopped reading. It reads ahead a second or two after
it first stopped."""


@contextmanager
def connections(port: int, count: int, version: int) -> Iterator[list[socket.socket]]:
    """So many open clients."""
    with ExitStack() as stack:
        yield [stack.enter_context(opened(port, Connect(version, name(), True, 0))) for _ in range(count)]


def push(socks: list[socket.socket], blob: bytes, each: int, sample: Callable[[], int]) -> tuple[int, int]:
    """Send the blob again and again on every socket, at most `each` bytes, until nothing is read any more.

    Returns the bytes that were taken, by the proxy and the kernel's buffers, and the highest sample.
    """
    sent = dict.fromkeys(socks, 0)
    for sock in socks:
        sock.setblocking(False)
    highest, last = sample(), time.monotonic()
    while time.monotonic() - last < QUIET_SECONDS:
        open_socks = [sock for sock in socks if 0 <= sent[sock] < each]
        if not open_socks:
            break
        for sock in select.select([], open_socks, [], 0.2)[1]:
            try:
                at = sent[sock] % len(blob)
                sent[sock] += sock.send(blob[at : at + 262_144])
                last = time.monotonic()
            except ConnectionError:
                sent[sock] = -1  # turned away
        highest = max(highest, sample())
    return sum(max(0, one) for one in sent.values()), highest


def in_flight_bytes(running: ProxyProcess) -> float:
    return running.metrics()['mqtt_proxy_in_flight_bytes{worker="0"}']


def ping(sock: socket.socket) -> None:
    sock.sendall(publisher.PINGREQ)
