"""The proxy on real sockets: take-over, sessions, wills, WebSocket, limits, refusals."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace

import pytest
from websocket import WebSocket, WebSocketBadStatusException, create_connection

from bench.proxy_process import proxy
from bench.proxy_records import count, records
from lab.base.addresses import Addresses
from lab.base.free_port import free_port
from lab.proxy.core.packets import V5, V311, Connect, Publish, Will
from lab.proxy.core.properties import P
from tests.support import publisher
from tests.support.mqtt_wire import SECONDS, closed, config, dial, exactly, name, opened, packet
from tests.support.waiting import until


@pytest.fixture(scope="module")
def server(stack: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A proxy with an open TCP and an open WebSocket listener and small limits."""
    tcp, ws = free_port(), free_port()
    listeners = (
        f'[[listener]]\nport = {tcp}\nanonymous = true\n[[listener]]\nkind = "ws"\nport = {ws}\nanonymous = true\n'
    )
    limits = "[limits]\npacket = 100000\nreceive_maximum = 20\nconnect_timeout = 2\n"
    with proxy(tmp_path_factory.mktemp("proxy"), config(stack, listeners + limits)) as running:
        yield SimpleNamespace(tcp=tcp, ws=ws, running=running, bootstrap=stack.kafka_bootstrap)


def test_take_over_closes_the_first_connection(server: SimpleNamespace) -> None:
    client = name()
    for version, goodbye in ((V311, b""), (V5, b"\xe0")):
        asked = Connect(version, client, True, 60)
        with closing(opened(server.tcp, asked)) as first, closing(opened(server.tcp, asked)):
            first.settimeout(SECONDS)
            assert first.recv(1) == goodbye
            assert closed(first)


def test_assigned_client_ids_differ(server: SimpleNamespace) -> None:
    with closing(dial(server.tcp)) as one, closing(dial(server.tcp)) as other:
        for sock in (one, other):
            sock.sendall(publisher.connect(Connect(V5, "", True, 60)))
        assert packet(one) != packet(other)


def test_a_resumed_session_is_present(server: SimpleNamespace) -> None:
    client, topic = name(), name()
    message = publisher.publish(Publish(f"t/{topic}/k", b"once", 2, 5, False))
    with closing(opened(server.tcp, Connect(V311, client, False, 60))) as sock:
        sock.sendall(message)
        assert packet(sock) == b"\x50\x02\x00\x05"
    with closing(dial(server.tcp)) as sock:
        sock.sendall(publisher.connect(Connect(V311, client, False, 60)) + message)
        assert packet(sock) == b"\x20\x02\x01\x00"
        assert packet(sock) == b"\x50\x02\x00\x05"
        sock.sendall(publisher.pubrel(5))
        assert packet(sock) == b"\x70\x02\x00\x05"
    assert [one.value for one in records(server.bootstrap, topic)] == [b"once"]


def test_a_silent_client_is_closed_and_its_will_published(server: SimpleNamespace) -> None:
    topic = name()
    will = Will(f"t/{topic}/k", b"offline", 1, True)
    with closing(opened(server.tcp, Connect(V311, name(), True, 1, will))) as sock:
        started = time.monotonic()
        assert closed(sock)
        assert time.monotonic() - started > 1.4
    until(lambda: count(server.bootstrap, topic) == 1)
    [found] = records(server.bootstrap, topic)
    assert (found.value, found.headers) == (b"offline", (("mqtt.retain", b"1"),))


def test_a_delayed_will_waits_and_is_dropped_on_return(server: SimpleNamespace) -> None:
    topic = name()

    def asked(client: str) -> Connect:
        will = Will(f"t/{topic}/{client}", b"offline", 1, False, 2)
        return Connect(V5, client, False, 60, will, properties={P.SESSION_EXPIRY: 60})

    back, away = name(), name()
    opened(server.tcp, asked(back)).close()
    with closing(opened(server.tcp, asked(back))) as sock:
        opened(server.tcp, asked(away)).close()
        until(lambda: count(server.bootstrap, topic))
        sock.sendall(publisher.disconnect(V5))
        assert closed(sock)
    [found] = records(server.bootstrap, topic)
    assert found.key == away.encode()


def test_websocket_rules(server: SimpleNamespace) -> None:
    url = f"ws://127.0.0.1:{server.ws}"
    for path, protocols in (("/mqtt", ["other"]), ("/elsewhere", ["mqtt"])):
        with pytest.raises(WebSocketBadStatusException):
            create_connection(url + path, subprotocols=protocols, timeout=SECONDS)
    socket_ = create_connection(url + "/mqtt", subprotocols=["mqtt"], timeout=SECONDS)
    assert socket_.getsubprotocol() == "mqtt"
    topic = name()
    raw = publisher.connect(Connect(V311, name(), True, 60))
    raw += publisher.publish(Publish(f"t/{topic}/k", b"cut", 1, 1, False)) + publisher.PINGREQ
    for start in range(0, len(raw), 7):
        socket_.send_binary(raw[start : start + 7])
    answer = b""
    while len(answer) < 10:
        answer += socket_.recv()
    assert answer[:4] == b"\x20\x02\x00\x00"
    assert b"\x40\x02\x00\x01" in answer
    assert b"\xd0\x00" in answer
    text_closes(socket_)


def text_closes(socket_: WebSocket) -> None:
    socket_.send("text")
    opcode, _ = socket_.recv_data()
    assert opcode == 8
    socket_.shutdown()


def test_a_slow_opening_is_closed_and_others_are_served(server: SimpleNamespace) -> None:
    slow = [dial(server.tcp) for _ in range(50)]
    for sock in slow:
        sock.sendall(b"\x10")
    with closing(opened(server.tcp, Connect(V311, name(), True, 60))) as good:
        good.sendall(publisher.PINGREQ)
        assert packet(good) == b"\xd0\x00"
    for sock in slow:
        assert closed(sock)
        sock.close()


def test_a_packet_of_256_mb_is_refused_when_announced(server: SimpleNamespace) -> None:
    before = server.running.rss()
    socks = [opened(server.tcp, Connect(V5, name(), True, 60)) for _ in range(20)]
    for sock in socks:
        sock.sendall(b"\x30\xff\xff\xff\x7f" + b"\0" * 1000)
    for sock in socks:
        sock.settimeout(SECONDS)
        assert sock.recv(3)[::2] == b"\xe0\x95"
        sock.close()
    assert server.running.rss() - before < 20_000_000


def test_slow_senders_cost_what_they_sent(server: SimpleNamespace) -> None:
    topic = name()
    raw = publisher.publish(Publish(f"t/{topic}/k", b"x" * 5000, 1, 1, False))
    with closing(opened(server.tcp, Connect(V311, name(), True, 60))) as sock:
        for start in range(0, len(raw), 100):
            sock.sendall(raw[start : start + 100])
        assert packet(sock) == b"\x40\x02\x00\x01"


def test_a_client_that_reads_nothing_is_not_read(server: SimpleNamespace) -> None:
    """Pings whose answers are never taken: the proxy stops reading instead of keeping the answers."""
    before = server.running.rss()
    with closing(opened(server.tcp, Connect(V311, name(), True, 0))) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        sent = 0
        while sent < 60_000_000 and select.select([], [sock], [], 2.0)[1]:
            sent += sock.send(publisher.PINGREQ * 10_000)
        assert sent < 60_000_000, "the proxy went on reading"
    assert server.running.rss() - before < 30_000_000


def test_more_than_the_window_is_slowed_and_not_lost(server: SimpleNamespace) -> None:
    topic = name()
    raw = b"".join(publisher.publish(Publish(f"t/{topic}/k", b"%d" % n, 1, n + 1, False)) for n in range(2000))
    with closing(opened(server.tcp, Connect(V311, name(), True, 60))) as sock:
        sock.sendall(raw)
        answers = exactly(sock, 8000)
    assert [int.from_bytes(answers[n + 2 : n + 4], "big") for n in range(0, 8000, 4)] == list(range(1, 2001))
    assert [one.value for one in records(server.bootstrap, topic)] == [b"%d" % n for n in range(2000)]


def test_a_refused_publish_is_told_or_closes(server: SimpleNamespace) -> None:
    bad = Publish("nowhere", b"x", 1, 1, False)
    with closing(opened(server.tcp, Connect(V5, name(), True, 60))) as sock:
        sock.sendall(publisher.publish(bad, V5))
        answer = packet(sock)
        assert (answer[0], answer[4]) == (0x40, 0x90)
        sock.sendall(publisher.PINGREQ)
        assert packet(sock) == b"\xd0\x00"
    with closing(opened(server.tcp, Connect(V311, name(), True, 60))) as sock:
        sock.sendall(publisher.publish(bad))
        assert closed(sock)
