"""Every bound of docs/proxy.md from every side, on the real process, without Kafka: what is resident stays in bounds.

Before these bounds held, a connection made while they were reached was never paused, and only payloads were counted.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from bench.proxy_process import proxy
from lab import stack as services
from lab.base.addresses import Addresses
from lab.base.free_port import free_port
from lab.proxy import accounts
from lab.proxy.core import data_types
from lab.proxy.core.packets import V5, V311, Connect, Publish, Will
from lab.proxy.core.properties import P
from lab.proxy.held_bytes import READ_BYTES
from tests.support import publisher
from tests.support.hostile import connections, in_flight_bytes, ping, push
from tests.support.mqtt_wire import config, dial, lone_config, name, opened, packet
from tests.support.waiting import until

BOUND = 4_000_000
LIMITS = f"[limits]\nin_flight_bytes = {BOUND}\nheld_bytes = {BOUND}\nread_ahead = 1000000\n"
MARGIN = 24_000_000
"""Resident memory beside what is counted: the allocators' slack, buffers of sockets and of librdkafka's threads."""


@pytest.fixture
def lone(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A proxy without Kafka, with small bounds, and a listener of each kind."""
    tcp, ws = free_port(), free_port()
    listeners = (
        f'[[listener]]\nport = {tcp}\nanonymous = true\n[[listener]]\nkind = "ws"\nport = {ws}\nanonymous = true\n'
    )
    with proxy(tmp_path, lone_config(listeners + LIMITS), kafka=False) as running:
        opened(tcp, Connect(V5, name(), True, 60)).close()  # what the first connection imports does not count
        yield SimpleNamespace(tcp=tcp, ws=ws, running=running)


def publish(qos: int, payload: bytes = b"", topic: str = "t/hostile/k", **more: object) -> Callable[[int], bytes]:
    return lambda version: publisher.publish(Publish(topic, payload, qos, 1 if qos else 0, False, **more), version)  # type: ignore[arg-type]


KINDS: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "payload": (V311, publish(0, b"x" * 100_000)),
    "no payload": (V311, publish(0)),
    "topic": (V311, publish(0, topic="t/hostile/" + "k" * 60_000)),
    "few large properties": (V5, publish(0, properties={P.USER: [("n", "v" * 65_000)] * 14})),
    "many small properties": (V5, publish(0, properties={P.USER: [("", "")] * 5_000})),
    "other properties": (V5, publish(0, properties={P.CORRELATION_DATA: b"x" * 65_000, P.CONTENT_TYPE: "y" * 65_000})),
    "QoS 1": (V311, publish(1, b"x" * 1_000)),
    "refused": (V311, lambda _version: publisher.publish(Publish("nowhere/" + "n" * 60_000, b"", 0, 0, False))),
}


USUAL = ("payload", "few large properties")
"""The others take as long again each, and run with the thorough tests."""


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(one, marks=() if one in USUAL else pytest.mark.thorough("hostile clients of the proxy"))
        for one in KINDS
    ],
)
def test_publishes_of_any_shape_stay_in_bounds(lone: SimpleNamespace, kind: str) -> None:
    version, make = KINDS[kind]
    one = make(version)
    blob = one * max(1, 500_000 // len(one))
    before = lone.running.rss()
    with connections(lone.tcp, 10, version) as early:
        _, peak = push(early, blob, 8_000_000, lone.running.rss)
        with connections(lone.tcp, 10, version) as late:  # made while the bound is reached
            _, more = push(late, blob, 8_000_000, lone.running.rss)
            with closing(opened(lone.tcp, Connect(V311, name(), True, 60))) as idle:
                ping(idle)
                assert packet(idle) == b"\xd0\x00", "who sends no publishes is served"
        assert in_flight_bytes(lone.running) <= BOUND + 6_000_000, "one read may go beyond"
    assert max(peak, more) - before < 2 * BOUND + MARGIN
    assert lone.running.metrics()['mqtt_proxy_held_bytes{worker="0"}'] <= BOUND + 10 * READ_BYTES
    until(lambda: lone.running.metrics()['mqtt_proxy_connections{worker="0"}'] <= 20)


def test_unfinished_packets_stay_in_bounds(lone: SimpleNamespace) -> None:
    before = lone.running.rss()
    head = b"\x30" + data_types.varint(990_000)
    with connections(lone.tcp, 50, V5) as socks:
        _, peak = push(socks, head + b"\0" * 900_000, 900_000, lone.running.rss)
    assert peak - before < BOUND + MARGIN


def test_wills_stay_in_bounds(lone: SimpleNamespace) -> None:
    before = lone.running.rss()
    large = Will("t/will/k", b"", 1, False, 0, {P.USER: [("n", "v" * 65_000)] * 12})
    wills = {V5: large, V311: Will("t/will/k", b"w" * 60_000, 1, False)}
    answers = []
    with ExitStack() as stack:
        for version in (V5, V311) * 15:
            sock = stack.enter_context(closing(dial(lone.tcp)))
            sock.sendall(publisher.connect(Connect(version, name(), True, 60, wills[version])))
            try:
                answers.append((version, packet(sock)[3]))
            except (AssertionError, ConnectionError):  # closed in the middle of its CONNECT, the answer overtaken
                answers.append((version, 3 if version == V311 else 0x97))
        assert lone.running.rss() - before < BOUND + MARGIN
    assert {code for version, code in answers if version == V5} == {0, 0x97}
    assert {code for version, code in answers if version == V311} == {0, 3}


def test_logins_that_wait_stay_in_bounds(tmp_path: Path) -> None:
    port = free_port()
    accounts.write(tmp_path / "passwords", "a", "right")
    listener = f"[[listener]]\nport = {port}\n"
    with proxy(tmp_path, lone_config(listener + LIMITS, 'passwords = "passwords"'), kafka=False) as running:
        opened(port, Connect(V5, name(), True, 60, username="a", password=b"right")).close()
        before = running.rss()
        with ExitStack() as stack:
            for number in range(200):
                sock = stack.enter_context(closing(dial(port)))
                asked = Connect(
                    V5,
                    name(),
                    True,
                    60,
                    username=f"{number}",
                    password=b"p" * 60_000,
                    properties={P.USER: [("a", "b" * 60_000)]},
                )
                sock.sendall(publisher.connect(asked))
            assert running.rss() - before < BOUND + MARGIN + 2 * 19_456 * 1_024  # two hashes at work
            with closing(opened(port, Connect(V311, name(), True, 60, username="a", password=b"right"))):
                pass


def test_web_sockets_stay_in_bounds(lone: SimpleNamespace) -> None:
    """Frames of one byte, one frame without end, and requests that never end."""
    before = lone.running.rss()
    with ExitStack() as stack:
        socks = [stack.enter_context(upgraded(lone.ws)) for _ in range(20)]
        endless = b"\x82\xff" + (2**40).to_bytes(8, "big") + b"\0\0\0\0" + b"\x30\xff\xff\x3f" + b"\0" * 1_000_000
        _, peak = push(socks, endless, 900_000, lone.running.rss)
        raw = [stack.enter_context(closing(dial(lone.ws))) for _ in range(20)]
        _, more = push(raw, b"GET /mqtt HTTP/1.1\r\nX: " + b"x" * 1_000_000, 1_000_000, lone.running.rss)
    assert max(peak, more) - before < BOUND + MARGIN


def upgraded(port: int) -> socket.socket:
    """A socket past the WebSocket's handshake and CONNECT."""
    sock = dial(port)
    sock.sendall(
        b"GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += sock.recv(4_096)
    raw = publisher.connect(Connect(V5, name(), True, 0))
    sock.sendall(bytes((0x82, 0x80 | len(raw))) + b"\0\0\0\0" + raw)
    assert sock.recv(4_096)
    return sock


def test_http_connections_stay_in_bounds(lone: SimpleNamespace) -> None:
    port = httpx.URL(lone.running._http).port
    assert port
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(closing(dial(port)))
        until(lambda: _threads(lone.running.pid) < 40)


def _threads(pid: int) -> int:
    import psutil

    return int(psutil.Process(pid).num_threads())


HOSTILE = 50


@pytest.mark.thorough("hostile clients of the proxy")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["payload", "few large properties", "many small properties", "no payload"])
def test_fifty_hostile_connections_with_brokers_frozen(stack: Addresses, tmp_path: Path, kind: str) -> None:
    """The default bounds, and what librdkafka's queue holds: half of the clients come when the bound is reached."""
    port = free_port()
    version, make = KINDS[kind]
    with proxy(tmp_path, config(stack, f"[[listener]]\nport = {port}\nanonymous = true\n")) as running:
        with closing(opened(port, Connect(V311, name(), True, 60))) as sock:
            sock.sendall(publisher.publish(Publish("t/hostile/k", b"", 1, 1, False)))
            assert packet(sock) == b"\x40\x02\x00\x01", "the topic is there"
        before = running.rss()
        one = make(version)
        blob = one * max(1, 500_000 // len(one))
        for broker in ("kafka1", "kafka2", "kafka3"):
            services.control(broker).freeze()
        try:
            with connections(port, HOSTILE // 2, version) as early:
                _, peak = push(early, blob, 70_000_000, running.rss)
                with connections(port, HOSTILE // 2, version) as late:
                    _, more = push(late, blob, 70_000_000, running.rss)
                    found = {key: value for key, value in running.metrics().items() if "bytes" in key}
        finally:
            for broker in ("kafka1", "kafka2", "kafka3"):
                services.control(broker).thaw()
    grown = max(peak, more) - before
    print(f"\n{kind}: resident {before / 1e6:.0f} -> {max(peak, more) / 1e6:.0f} MB, {found}")
    assert grown < 2 * 64_000_000 * 1.3 + MARGIN
