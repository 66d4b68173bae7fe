"""A load generator that is cheaper than what it measures: packets are encoded before the clock starts.

One process, a number of connections, one generator's readings on each. `saturate` keeps a window of
unacknowledged publishes open on every connection; `pace` sends at a total rate and times every acknowledgement.
Run as `python -m bench.proxy_load --port P --mode saturate ...`; the result is one JSON object on standard output.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import deque
from time import perf_counter, time_ns

import uvloop

from lab.base.pace import allow
from lab.base.reading import Reading, reading_topic

CONNACK_BYTES = 4
ACK_BYTES = 4
"""PUBACK, PUBREC and PUBCOMP of MQTT 3.1.1 are four bytes each."""
IDS = 1_024
"""Packets encoded per connection; far more than a window, so an id is free again when its turn comes."""


def reading(generator: str, seq: int) -> bytes:
    """The payload of the data contract."""
    one = Reading(generator, time_ns() // 1000 + seq, seq, 52.5 + seq / 1e4, 13.4, 71.5, 180.2, 64.25, 803.125)
    return one.to_json()


def publish(generator: str, seq: int, qos: int, packet_id: int) -> bytes:
    """One PUBLISH of MQTT 3.1.1."""
    topic = reading_topic(generator).encode()
    body = len(topic).to_bytes(2, "big") + topic + (packet_id.to_bytes(2, "big") if qos else b"")
    body += reading(generator, seq)
    length = len(body)
    size = bytes((length,)) if length < 128 else bytes((length & 0x7F | 0x80, length >> 7))
    return bytes((0x30 | qos << 1,)) + size + body


def connect(client_id: str) -> bytes:
    """A clean CONNECT of MQTT 3.1.1 with 60 s keep-alive."""
    body = b"\0\x04MQTT\x04\x02\0\x3c" + len(client_id).to_bytes(2, "big") + client_id.encode()
    return b"\x10" + bytes((len(body),)) + body


class Device(asyncio.Protocol):
    """One connection. Acknowledgements come in order, so that counting bytes is counting publishes."""

    def __init__(self, name: str, qos: int, window: int) -> None:
        self.qos, self.window = qos, window
        self.name = name
        packets = [publish(name, n, qos, n + 1) for n in range(IDS)]
        self._blob = b"".join(packets)
        self._at = [0]
        for packet in packets:
            self._at.append(self._at[-1] + len(packet))
        self._releases = b"".join(b"\x62\x02" + (n + 1).to_bytes(2, "big") for n in range(IDS))
        self.sent = self.done = self._recs = self._bytes = 0
        self._half = b""
        self.ready = asyncio.get_running_loop().create_future()
        self.lost = False
        self.stamps: deque[float] = deque()
        self.latencies: list[float] = []
        self.running = self.writable = True
        self.window_open = False

    def connection_made(self, transport) -> None:
        self.transport = transport
        transport.set_write_buffer_limits(high=262_144)
        transport.write(connect(self.name))

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        if self.window_open:
            self.fill()

    def send(self, count: int) -> None:
        """The next `count` publishes, in at most two writes."""
        start = self.sent % IDS
        stop = min(start + count, IDS)
        self.transport.write(self._blob[self._at[start] : self._at[stop]])
        self.sent += stop - start
        if stop - start < count:
            self.send(count - (stop - start))

    def data_received(self, data: bytes) -> None:
        if not self.ready.done():
            data = data[CONNACK_BYTES:]
            self.ready.set_result(None)
        if self.qos == 2:
            data = self._release(data)
        self._bytes += len(data)
        done = self._bytes // ACK_BYTES
        if self.stamps:
            now = perf_counter()
            for _ in range(done - self.done):
                self.latencies.append(now - self.stamps.popleft())
        self.done = done
        if self.window_open:
            self.fill()

    def _release(self, data: bytes) -> bytes:
        """Answer each PUBREC with its PUBREL and keep the PUBCOMPs."""
        data = self._half + data
        whole = len(data) // ACK_BYTES * ACK_BYTES
        data, self._half = data[:whole], data[whole:]
        kinds = data[::ACK_BYTES]
        recs = kinds.count(0x50)
        while recs:
            start = self._recs % IDS
            take = min(recs, IDS - start)
            self.transport.write(self._releases[start * 4 : (start + take) * 4])
            self._recs += take
            recs -= take
        return b"\0" * (kinds.count(0x70) * ACK_BYTES)

    def fill(self) -> None:
        """Send up to the window, at least a quarter of it at a time."""
        if self.qos == 0:
            while self.running and self.writable:
                self.send(256)
            return
        room = self.window - (self.sent - self.done)
        if self.running and self.writable and room >= self.window // 4:
            self.send(room)


async def devices(options: argparse.Namespace) -> list[Device]:
    """Connect them all."""
    loop = asyncio.get_running_loop()
    made = [Device(f"generator{options.first + n}", options.qos, options.window) for n in range(options.connections)]
    for device in made:
        await loop.create_connection(lambda device=device: device, options.host, options.port)
        await device.ready
    return made


async def saturate(options: argparse.Namespace) -> dict[str, float]:
    """As fast as the windows allow, for `seconds`; then wait for what is open."""
    made = await devices(options)
    began, started = time_ns() / 1e9, perf_counter()
    for device in made:
        device.window_open = True
        device.fill()
    await asyncio.sleep(options.seconds)
    for device in made:
        device.running = False
    await finish(made, options.qos)
    elapsed = perf_counter() - started
    acknowledged = sum(device.done for device in made)
    sent = sum(device.sent for device in made)
    return {"sent": sent, "acknowledged": acknowledged, "seconds": elapsed, "began": began}


async def finish(made: list[Device], qos: int) -> None:
    """Wait until everything sent is acknowledged (QoS 0: written)."""
    deadline = perf_counter() + allow(60)
    while perf_counter() < deadline:
        if all((d.done == d.sent) if qos else not d.transport.get_write_buffer_size() for d in made):
            return
        await asyncio.sleep(0.005)
    raise SystemExit("not everything was acknowledged within 60 s")


async def pace(options: argparse.Namespace) -> dict[str, float]:
    """At `rate` in all, spread evenly over time; the first second does not count."""
    made = await devices(options)
    started = perf_counter()
    total = int(options.rate * options.seconds)
    skip = 0
    sent = 0
    while sent < total:
        due = min(total, int((perf_counter() - started) * options.rate))
        for number in range(sent, due):
            device = made[number % len(made)]
            device.stamps.append(perf_counter())
            device.send(1)
        sent = max(sent, due)
        await asyncio.sleep(0.001)
    await finish(made, options.qos)
    per_device = int(options.rate / len(made))
    times = sorted(one for d in made for one in d.latencies[per_device:])
    skip = len(times)
    return {
        "sent": sent,
        "measured": skip,
        "p50": times[skip // 2] * 1000,
        "p99": times[int(skip * 0.99)] * 1000,
        "max": times[-1] * 1000,
        "seconds": perf_counter() - started,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--qos", type=int, default=1)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--mode", choices=["saturate", "pace"], default="saturate")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--window", type=int, default=500)
    parser.add_argument("--rate", type=float, default=1000)
    options = parser.parse_args()
    print(json.dumps(uvloop.run(saturate(options) if options.mode == "saturate" else pace(options))))


if __name__ == "__main__":
    main()
