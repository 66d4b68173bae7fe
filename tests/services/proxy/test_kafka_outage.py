"""Kafka away under load: nothing acknowledged is lost, memory stays flat, order holds, all are served.

Every outage lasts until the proxy has reached its bound of 5,000 publishes in flight and has paused a client. The usual
one takes 15 s; a whole minute, stopped and frozen, is thorough.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import paho.mqtt.client as paho
import pytest

from bench.proxy_process import proxy
from bench.proxy_records import records
from lab import stack as services
from lab.base.addresses import Addresses
from lab.base.free_port import free_port
from lab.base.pace import allow
from lab.proxy.core.packets import Publish
from tests.support import publisher
from tests.support.waiting import until

BROKERS = ("kafka1", "kafka2", "kafka3")
DEVICES = 20
RATE = 50
"""Readings per second and device."""
PATIENCE_S = 180.0


@pytest.fixture
def server(stack: Addresses, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A proxy with bounds low enough that the outage reaches them."""
    port = free_port()
    topic = f"outage_{uuid4().hex[:8]}"
    text = (
        f'[kafka]\nbootstrap = "{stack.kafka_bootstrap}"\n[[listener]]\nport = {port}\nanonymous = true\n'
        f'[limits]\nin_flight = 5000\n[[rule]]\nname = "r"\nmqtt = "g/{{g}}"\ntopic = "{topic}"\nkey = "{{g}}"\n'
    )
    with proxy(tmp_path, text) as running:
        yield SimpleNamespace(port=port, topic=topic, running=running, bootstrap=stack.kafka_bootstrap)


class Device:
    """One client that publishes numbers at QoS 1 and remembers which were acknowledged."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.acknowledged: set[int] = set()
        self._numbers: dict[int, int] = {}
        self.sent = 0
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        self._client.max_inflight_messages_set(1_000)
        self._client.on_publish = self._on_publish
        self._client.connect("127.0.0.1", port, keepalive=600)
        self._client.loop_start()

    def publish(self) -> None:
        info = self._client.publish(f"g/{self.name}", str(self.sent), 1)
        self._numbers[info.mid] = self.sent
        self.sent += 1

    def _on_publish(self, _client: object, _data: object, mid: int, _reason: object, _properties: object) -> None:
        while mid not in self._numbers:  # the acknowledgement can overtake publish()'s return
            time.sleep(0.001)
        self.acknowledged.add(self._numbers[mid])

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


STOPPED, FROZEN = ("stop", "start"), ("freeze", "thaw")
"""What befalls each broker, and what ends it. A frozen one keeps its connections and answers nothing."""
LONG = pytest.mark.thorough("long outages")
AWAY = [
    pytest.param(STOPPED, 15.0, id="stop"),
    pytest.param(STOPPED, 60.0, marks=LONG, id="stop-a-minute"),
    pytest.param(FROZEN, 60.0, marks=LONG, id="freeze-a-minute"),
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("away", "seconds"), AWAY)
def test_kafka_away(server: SimpleNamespace, away: tuple[str, str], seconds: float) -> None:
    devices = [Device(f"g{number}", server.port) for number in range(DEVICES)]
    stop = threading.Event()
    load = threading.Thread(target=_load, args=(devices, stop), daemon=True)
    load.start()
    until(lambda: all(device.acknowledged for device in devices), PATIENCE_S)
    memory = _outage(server, *away, seconds)
    until(lambda: server.running.metrics()['mqtt_proxy_in_flight{worker="0"}'] < 1_000, PATIENCE_S)
    before = [len(device.acknowledged) for device in devices]
    until(lambda: all(len(device.acknowledged) > old for device, old in zip(devices, before, strict=True)), PATIENCE_S)
    stop.set()
    load.join()
    until(lambda: all(len(device.acknowledged) == device.sent for device in devices), PATIENCE_S)
    for device in devices:
        device.stop()
    _nothing_lost(server, devices)
    assert max(memory) - memory[0] < 60_000_000, f"memory grew: {[round(one / 1e6) for one in memory]} MB"
    assert server.running.metrics()['mqtt_proxy_failed_total{worker="0"}'] == 0


def _load(devices: list[Device], stop: threading.Event) -> None:
    while not stop.wait(1 / RATE):
        for device in devices:
            device.publish()


def _outage(server: SimpleNamespace, begin: str, end: str, seconds: float) -> list[int]:
    """Take every broker away, sample the proxy's memory until the bound was reached, bring them back."""
    memory = [server.running.rss()]
    _each_broker(begin)
    try:
        began = time.monotonic()
        while (away := time.monotonic() - began) < seconds or not _paused(server):
            assert away < allow(PATIENCE_S), "the proxy never paused a client"
            time.sleep(2.0)  # how often memory is sampled, not a wait for something
            memory.append(server.running.rss())
    finally:
        _each_broker(end)
    return memory


def _paused(server: SimpleNamespace) -> bool:
    return bool(server.running.metrics()['mqtt_proxy_paused_total{worker="0"}'])


def _each_broker(does: str) -> None:
    with ThreadPoolExecutor(len(BROKERS)) as pool:
        list(pool.map(lambda broker: getattr(services.control(broker), does)(), BROKERS))


def _nothing_lost(server: SimpleNamespace, devices: list[Device]) -> None:
    seen: dict[str, list[int]] = defaultdict(list)
    for one in records(server.bootstrap, server.topic, 120):
        seen[(one.key or b"").decode()].append(int(one.value))
    for device in devices:
        numbers = seen[device.name]
        assert device.acknowledged <= set(numbers)
        first_seen = list(dict.fromkeys(numbers))
        assert first_seen == sorted(first_seen), f"{device.name}: order"


def test_order_is_kept_per_generator(server: SimpleNamespace) -> None:
    """QoS 0, 1 and 2 mixed on one connection, the first ones while the topic is being made."""
    import socket

    from lab.proxy.core.packets import Connect

    with socket.create_connection(("127.0.0.1", server.port), timeout=allow(60)) as sock:
        sock.sendall(publisher.connect(Connect(4, "order", True, 600)))
        assert sock.recv(4) == b"\x20\x02\x00\x00"
        for n in range(3_000):
            qos = n % 3
            sock.sendall(publisher.publish(Publish("g/one", str(n).encode(), qos, n + 1 if qos else 0, False)))
        answers = b""
        while len(answers) < 4 * 2_000:
            answers += sock.recv(65_536)
        acknowledged = [int.from_bytes(answers[n + 2 : n + 4], "big") - 1 for n in range(0, len(answers), 4)]
    assert acknowledged == [n for n in range(3_000) if n % 3]
    assert [int(one.value) for one in records(server.bootstrap, server.topic)] == list(range(3_000))
