"""What is refused, what is resumed and what cannot be forged, as Kafka sees it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.proxy_process import proxy
from bench.proxy_records import count, records
from lab.base.addresses import Addresses
from lab.base.free_port import free_port
from lab.proxy.core.packets import V5, V311, Connect, Publish, Will
from lab.proxy.core.properties import P
from tests.support import publisher
from tests.support.mqtt_wire import closed, config, dial, exactly, name, opened, packet
from tests.support.waiting import until

RULES = """
[[rule]]
name = "forgiving"
mqtt = "ack/{topic}/{key}"
topic = "{topic}"
key = "{key}"
partitions = 1
max_bytes = 1000
on_refusal = "acknowledge"
headers = { owner = "{key}" }
[[rule]]
name = "compacted"
mqtt = "last/{topic}/{key}"
topic = "{topic}"
key = "{key}"
partitions = 1
compacted = true
[[rule]]
name = "strict"
mqtt = "t/{topic}/{key}"
topic = "{topic}"
key = "{key}"
partitions = 1
max_bytes = 1000
"""


@pytest.fixture(scope="module")
def server(stack: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    port = free_port()
    text = config(stack, f"[[listener]]\nport = {port}\nanonymous = true\n", rule=RULES)
    with proxy(tmp_path_factory.mktemp("proxy"), text) as running:
        yield SimpleNamespace(port=port, running=running, bootstrap=stack.kafka_bootstrap)


def batch(where: str, topic: str, poison: int, good: int = 10) -> bytes:
    """A publish that its rule refuses, and good ones behind it; QoS 1, ids 1, 2, ..."""
    payloads = [b"x" * poison] + [b"%d" % n for n in range(good)]
    return b"".join(
        publisher.publish(Publish(f"{where}/{topic}/k", one, 1, n + 1, False)) for n, one in enumerate(payloads)
    )


def test_a_poison_publish_stops_what_is_behind_it_or_is_acknowledged(server: SimpleNamespace) -> None:
    """3.1.1, a client that sends everything again after each reconnect: nothing comes twice either way."""
    stuck, through = name(), name()
    for _ in range(3):
        with closing(opened(server.port, Connect(V311, stuck, False, 60))) as sock:
            sock.sendall(batch("t", stuck, 2_000))
            assert closed(sock)
    with closing(opened(server.port, Connect(V311, through, False, 60))) as sock:
        sock.sendall(batch("ack", through, 2_000))
        answers = exactly(sock, 4 * 11)
    assert [answers[n + 3] for n in range(0, 44, 4)] == list(range(1, 12))
    assert [one.value for one in records(server.bootstrap, through)] == [b"%d" % n for n in range(10)]
    assert count(server.bootstrap, stuck) == 0
    for client, topic in ((stuck, f"t/{stuck}/k"), (through, f"ack/{through}/k")):
        [line] = [
            one for one in server.running.events() if one["event"] == "publish refused" and one["client"] == client
        ]
        assert (line["topic"], line["reason"], line["count"]) == (topic, 0x97, 1)
        assert "1000 bytes" in line["cause"]


def test_a_device_cannot_forge_a_header(server: SimpleNamespace) -> None:
    topic = name()
    forged = {P.USER: [("owner", "somebody else"), ("mqtt.retain", "1"), ("mine", "yes")]}
    will = Will(f"ack/{topic}/g1", b"will", 1, False, 0, forged)
    with closing(opened(server.port, Connect(V5, name(), True, 60, will))) as sock:
        sock.sendall(publisher.publish(Publish(f"ack/{topic}/g1", b"x", 1, 1, False, forged), V5))
        assert packet(sock) == b"\x40\x02\x00\x01"
    until(lambda: count(server.bootstrap, topic) == 2)
    assert [one.headers for one in records(server.bootstrap, topic)] == [(("owner", b"g1"), ("mine", b"yes"))] * 2


def test_an_empty_payload_deletes_the_key_of_a_compacted_topic(server: SimpleNamespace) -> None:
    compacted, plain = name(), name()
    with closing(opened(server.port, Connect(V311, name(), True, 60))) as sock:
        for number, topic in enumerate((f"last/{compacted}/g1", f"t/{plain}/g1")):
            sock.sendall(publisher.publish(Publish(topic, b"", 1, number + 1, True)))
            assert packet(sock)[0] == 0x40
    assert [one.value for one in records(server.bootstrap, compacted)] == [None]
    assert [one.value for one in records(server.bootstrap, plain)] == [b""]


WINDOW = 1_024


@pytest.mark.parametrize("version", [V311, V5])
def test_a_full_qos_2_window_is_resumed_by_any_worker(stack: Addresses, tmp_path: Path, version: int) -> None:
    """The connection is lost before any PUBREC was read; all is sent again with DUP. Nothing is produced twice."""
    port, topic, client = free_port(), name(), name()
    asked = Connect(version, client, False, 60, properties={P.SESSION_EXPIRY: 600} if version == V5 else {})
    sends = [Publish(f"t/{topic}/k", b"%d" % n, 2, n, False) for n in range(1, WINDOW + 1)]
    releases = b"".join(publisher.pubrel(n) for n in range(1, WINDOW + 1))
    with proxy(tmp_path, config(stack, f"[[listener]]\nport = {port}\nanonymous = true\n"), workers=2) as running:
        with closing(opened(port, asked)) as sock:
            sock.sendall(b"".join(publisher.publish(one, version) for one in sends))
            until(lambda: count(stack.kafka_bootstrap, topic) == WINDOW, 120)
            until(lambda: sum(v for k, v in running.metrics().items() if "mqtt_proxy_in_flight{" in k) == 0)
        for last in (False, False, True):
            with closing(resumed(port, asked)) as sock:
                sock.sendall(b"".join(publisher.publish(one, version, dup=True) for one in sends))
                assert exactly(sock, 4 * WINDOW)[::4] == b"\x50" * WINDOW
                if last:
                    sock.sendall(releases)
                    assert exactly(sock, 4 * WINDOW)[::4] == b"\x70" * WINDOW
    assert count(stack.kafka_bootstrap, topic) == WINDOW


def resumed(port: int, asked: Connect) -> socket.socket:
    """A connection whose session was there."""
    sock = dial(port)
    sock.sendall(publisher.connect(asked))
    answer = packet(sock)
    assert answer[2:4] == b"\x01\x00", "the session was not there"
    return sock
