"""One generator's MQTT connection: a paho-mqtt client that is driven from outside, and the device's own memory.

Readings wait in a bounded backlog and leave in order. No more than WINDOW of them are unacknowledged at a time; those
are held by paho, which sends them again after a reconnect and before anything newer. When the backlog is full the
newest reading is dropped, as a device with a full memory would, and counted.
"""

from __future__ import annotations

import socket
from collections import deque
from random import Random
from time import perf_counter
from typing import Any, NamedTuple, Protocol, cast

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from lab.base.pace import allow
from lab.base.reading import Reading, reading_topic, status_topic
from lab.fleet.journal import Journal

WINDOW = 1000
"""Unacknowledged readings per connection: enough for 1,000 a second while PUBACKs are held back for 1 s."""
CONNECT_TIMEOUT_S = 2.0
"""The connection attempt is the only call that can hold up the fleet's thread."""
BACKOFF_S = (0.2, 5.0)
"""First and longest pause before another attempt; the pause doubles and is jittered by half."""


class Broker(NamedTuple):
    """Where and how to connect; keep-alive in seconds."""

    host: str
    port: int
    qos: int
    keepalive: int


class Pending(NamedTuple):
    """A reading on its way, and when it was first handed to MQTT (perf_counter seconds)."""

    generator: str
    time: int
    seq: int
    since: float


class Watcher(Protocol):
    """Who watches the sockets: the fleet's selector loop."""

    def opened(self, connection: DeviceConnection) -> None: ...
    def closing(self, connection: DeviceConnection) -> None: ...
    def wants_write(self, connection: DeviceConnection) -> None: ...
    def wants_sending(self, connection: DeviceConnection) -> None: ...


class DeviceConnection:
    """The connection of one generator. Every method runs in the fleet's thread."""

    def __init__(self, name: str, broker: Broker, journal: Journal, watcher: Watcher, seed: int = 0) -> None:
        self.name = name
        self.connected = False
        self.wanted = True
        """False after cut() or leave(): do not connect again."""
        self.is_cut = False
        """From cut() to restore()."""
        self.retry_at = 0.0
        self.published = 0
        self.acknowledged = 0
        self.reconnects = 0
        self.latency_ms: float | None = None
        """From handing the last acknowledged reading to MQTT to its acknowledgement; None before the first."""
        self.writing = False
        """Whether the selector watches the socket for room to write; kept by the watcher."""
        self._broker, self._journal, self._watcher = broker, journal, watcher
        self._jitter = Random(f"{seed}/{name}/link")  # noqa: S311 - spreads reconnects, not a secret
        self._attempts = 0
        self._backlog: deque[Reading] = deque()
        self._pending: dict[int, Pending] = {}
        self._online: int | None = None
        self._offline: int | None = None
        self.client = self._make_client()

    @property
    def waiting(self) -> int:
        """Readings taken and not acknowledged (QoS 1 and 2) or not written (QoS 0)."""
        return len(self._backlog) + len(self._pending)

    def enqueue(self, reading: Reading, limit: int) -> None:
        """Take a reading into the backlog, which holds at most `limit`."""
        if len(self._backlog) >= limit:
            self._journal.on_dropped()
            return
        self._backlog.append(reading)
        self._watcher.wants_sending(self)

    def send_waiting(self) -> None:
        """Hand readings to paho while it is connected and the window is open."""
        while self._backlog and self.connected and len(self._pending) < WINDOW:
            self._publish(self._backlog.popleft())

    def connect(self, now: float) -> bool:
        """Try to connect; False when that took until the time-out. `now` is in perf_counter seconds."""
        self.retry_at = now + 2.0 * self._broker.keepalive  # until on_disconnect sets a nearer time
        try:
            self.client.reconnect()
        except TimeoutError:
            self._later(now)
            return False
        except OSError:
            self._later(now)
        return True

    def cut(self) -> None:
        """Drop the TCP connection without a DISCONNECT, so that the last will is published."""
        self.wanted, self.is_cut = False, True
        sock = self.socket()
        if sock is not None:
            sock.shutdown(socket.SHUT_RDWR)

    def restore(self) -> None:
        """Connect again after cut()."""
        self.wanted, self.is_cut = True, False
        self.retry_at = 0.0

    def disconnect(self) -> None:
        """Say `offline`, because a DISCONNECT takes the will back, and disconnect once that is acknowledged."""
        self.wanted = False
        if self.connected:
            self._offline = self.client.publish(status_topic(self.name), "offline", qos=1, retain=True).mid

    def drop(self) -> None:
        """Close at once, whatever is still on its way."""
        self.wanted = self.connected = False
        sock = self.socket()
        self.client.on_socket_close = self.client.on_socket_register_write = None
        if sock is not None:
            self._watcher.closing(self)
            sock.close()

    def socket(self) -> socket.socket | None:
        """The connection's socket while there is one."""
        return cast("socket.socket | None", self.client.socket())

    def _make_client(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id=self.name, protocol=MQTTv311, clean_session=True)
        client.will_set(status_topic(self.name), "offline", qos=1, retain=True)
        client.max_inflight_messages_set(0)  # WINDOW is kept here: paho would walk its whole list at each PUBACK
        client.connect_timeout = allow(CONNECT_TIMEOUT_S)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_socket_open = lambda _client, _data, _sock: self._watcher.opened(self)
        client.on_socket_close = lambda _client, _data, _sock: self._watcher.closing(self)
        client.on_socket_register_write = lambda _client, _data, _sock: self._watcher.wants_write(self)
        client.connect_async(self._broker.host, self._broker.port, keepalive=self._broker.keepalive)
        return client

    def _publish(self, reading: Reading) -> None:
        payload = reading.to_json()
        info = self.client.publish(reading_topic(self.name), payload, qos=self._broker.qos)
        self._pending[info.mid] = Pending(self.name, reading.time, reading.seq, perf_counter())
        self.published += 1
        self._journal.on_sent(self.name, reading.time, reading.seq, reading.fuel)

    def _on_connect(self, _c: Client, _d: Any, _f: ConnectFlags, reason: ReasonCode, _p: Properties | None) -> None:
        if reason.is_failure:
            return
        self.connected, self._attempts = True, 0
        if self._online is None:
            self._online = self.client.publish(status_topic(self.name), "online", qos=1, retain=True).mid
        self._watcher.wants_sending(self)

    def _on_disconnect(self, _c: Client, _d: Any, _f: DisconnectFlags, _r: ReasonCode, _p: Properties | None) -> None:
        self.connected = False
        self._later(perf_counter())

    def _on_publish(self, _c: Client, _d: Any, mid: int, _r: ReasonCode, _p: Properties) -> None:
        if mid == self._online:
            self._online = None
        elif mid == self._offline:
            self.client.disconnect()
        done = self._pending.pop(mid, None)
        if done is None:
            return
        if self._broker.qos > 0:
            self.acknowledged += 1
            self.latency_ms = (perf_counter() - done.since) * 1000.0
            self._journal.on_acked(*done[:3], self.latency_ms)
        if self._backlog:
            self._watcher.wants_sending(self)

    def _later(self, now: float) -> None:
        first, longest = BACKOFF_S
        pause = min(longest, first * 2.0 ** min(self._attempts, 16))
        self.retry_at = now + pause * self._jitter.uniform(0.5, 1.0)
        self._attempts += 1
        self.reconnects += 1
