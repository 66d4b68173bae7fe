"""Kafka away: pings are answered, nobody is called silent, no will is published while its client lives."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.proxy_process import proxy
from bench.proxy_records import records
from lab import stack as services
from lab.base.addresses import Addresses
from lab.base.free_port import free_port
from lab.proxy.core.packets import V5, V311, Connect, Publish, Will
from tests.services.proxy.test_access import authority
from tests.support import publisher
from tests.support.mqtt_wire import config, dial, lone_config, name, opened, packet
from tests.support.waiting import until

BROKERS = ("kafka1", "kafka2", "kafka3")


class Pinger:
    """A client that publishes behind what Kafka does not take, and pings; counts the answers."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.asked = self.answered = 0

    def ask(self) -> None:
        self._sock.sendall(publisher.publish(Publish("t/pings/k", b"x" * 100, 0, 0, False)) + publisher.PINGREQ)
        self.asked += 1

    def hear(self) -> None:
        self._sock.settimeout(0.01)
        try:
            while data := self._sock.recv(65_536):
                self.answered += data.count(b"\xd0\x00")
            raise AssertionError("the connection was closed")
        except (TimeoutError, ssl.SSLWantReadError):
            return


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A proxy without Kafka whose window is small, over TCP and TLS."""
    authority(tmp_path)
    tcp, tls = free_port(), free_port()
    listeners = (
        f"[[listener]]\nport = {tcp}\nanonymous = true\n"
        f'[[listener]]\nkind = "tls"\nport = {tls}\nanonymous = true\ncertificate = "server.pem"\nkey = "server.key"\n'
    )
    text = lone_config(listeners + "[limits]\nreceive_maximum = 5\nin_flight = 12\n")
    with proxy(tmp_path, text, kafka=False) as running:
        yield SimpleNamespace(tcp=tcp, tls=tls, running=running, ca=tmp_path / "ca.pem")


def test_pings_are_answered_while_kafka_is_away(server: SimpleNamespace) -> None:
    """MQTT-3.12.4-1, with keep-alive 2: the client's own window is full, then the process's, over TCP and TLS."""
    with ExitStack() as stack:
        socks = [stack.enter_context(opened(server.tcp, Connect(V311, name(), True, 2))) for _ in range(3)]
        plain = stack.enter_context(dial(server.tls))
        context = ssl.create_default_context(cafile=server.ca)
        secure = stack.enter_context(context.wrap_socket(plain, server_hostname="localhost"))
        secure.sendall(publisher.connect(Connect(V311, name(), True, 2)))
        assert packet(secure)[3] == 0
        clients = [Pinger(sock) for sock in (*socks, secure)]
        ends = time.monotonic() + 5.0  # more than twice what would make either side give up
        while time.monotonic() < ends:
            for client in clients:
                for _ in range(10):
                    client.ask()
                client.hear()
            select.select([], [], [], 0.1)
        until(lambda: all(not client.hear() and client.answered == client.asked for client in clients), 20)
        assert server.running.metrics()['mqtt_proxy_in_flight{worker="0"}'] == 12
        assert server.running.metrics()['mqtt_proxy_waiting{worker="0"}'] == 4
    closed = [one["cause"] for one in server.running.events() if one["event"] == "closed"]
    assert not [cause for cause in closed if "keep-alive" in cause]


class Device:
    """One client of the outage: publishes at a rate, pings by its keep-alive, leaves when its pings stay unanswered."""

    KEEP_ALIVE = 10

    def __init__(self, port: int, client: str, topic: str, version: int, qos: int, rate: float) -> None:
        will = Will(f"t/{topic}_wills/{client}", b"offline", 1, False)
        self.sock = opened(port, Connect(version, client, True, self.KEEP_ALIVE, will))
        self.version, self.qos, self.rate = version, qos, rate
        self.topic = f"t/{topic}/{client}"
        self.sent = self.asked = self.answered = self.acknowledged = 0
        self.began = self.pinged = self.heard = time.monotonic()
        self.left = False

    def turn(self, now: float, publishing: bool) -> None:
        if publishing:
            while self.sent < (now - self.began) * self.rate and select.select([], [self.sock], [], 0)[1]:
                window = self.sent - self.acknowledged < 1_000
                if self.qos and not window:
                    break
                number = self.sent % 60_000 + 1 if self.qos else 0
                one = Publish(self.topic, b"%07d" % self.sent + b"x" * 150, self.qos, number, False)
                self.sock.sendall(publisher.publish(one, self.version))
                self.sent += 1
        if now - self.pinged > self.KEEP_ALIVE / 2:
            self.pinged = now
            self.asked += 1
            self.sock.sendall(publisher.PINGREQ)
        while select.select([self.sock], [], [], 0)[0]:
            data = self.sock.recv(65_536)
            assert data, f"{self.topic} was closed"
            self.answered += data.count(b"\xd0\x00")
            self.acknowledged += data.count(b"\x40\x02")
            self.heard = now
        self.left = self.left or (self.asked > self.answered and now - self.pinged > self.KEEP_ALIVE)


@pytest.mark.thorough("long outages")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("away", [("freeze", "thaw"), ("stop", "start")], ids=["freeze", "stop"])
def test_a_minute_without_kafka_makes_no_false_will(stack: Addresses, tmp_path: Path, away: tuple[str, str]) -> None:
    """The default bounds; 200/s at QoS 0 with keep-alive 10, a few others, and idle ones. Every reading arrives."""
    port, topic = free_port(), name()
    with (
        proxy(tmp_path, config(stack, f"[[listener]]\nport = {port}\nanonymous = true\n")) as running,
        ExitStack() as ends,
    ):
        devices = [Device(port, "fast", topic, V311, 0, 200.0), Device(port, "fast5", topic, V5, 0, 200.0)]
        devices += [Device(port, f"qos1_{n}", topic, V311, 1, 50.0) for n in range(4)]
        devices += [Device(port, f"idle{n}", topic, V311, 0, 0.0) for n in range(10)]
        for device in devices:
            ends.enter_context(closing(device.sock))
        stop = threading.Event()
        trouble: list[Exception] = []
        load = threading.Thread(target=_drive, args=(devices, stop, trouble), daemon=True)
        load.start()
        until(lambda: devices[0].sent > 200)
        for broker in BROKERS:
            getattr(services.control(broker), away[0])()
        try:
            outage = time.monotonic()
            until(lambda: trouble or time.monotonic() - outage > 60, 120)
        finally:
            for broker in BROKERS:
                getattr(services.control(broker), away[1])()
        until(lambda: trouble or running.metrics()['mqtt_proxy_waiting{worker="0"}'] == 0, 180)
        until(lambda: trouble or running.metrics()['mqtt_proxy_in_flight{worker="0"}'] < 500, 180)
        stop.set()
        load.join()
        assert not trouble
        assert not [device.topic for device in devices if device.left], "their pings stayed unanswered"
        until(lambda: running.metrics()['mqtt_proxy_in_flight{worker="0"}'] == 0, 180)
        assert running.metrics()['mqtt_proxy_wills_total{worker="0"}'] == 0
        assert not [one for one in running.events() if one["event"] == "closed"]
        sent = sum(device.sent for device in devices)
        assert len({(one.key, one.value) for one in records(stack.kafka_bootstrap, topic, 120)}) == sent
        print(f"\n{away[0]}: {sent} readings sent and arrived, 0 wills, {running.rss() / 1e6:.0f} MB")


def _drive(devices: list[Device], stop: threading.Event, trouble: list[Exception]) -> None:
    publishing = True
    try:
        while publishing or any(device.qos and device.acknowledged < device.sent for device in devices):
            publishing = not stop.is_set()
            for device in devices:
                device.turn(time.monotonic(), publishing)
            time.sleep(0.005)
    except (AssertionError, OSError) as error:
        trouble.append(error)
