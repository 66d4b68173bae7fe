"""The fleet against a small MQTT server that counts, may be slow to acknowledge, and may lose connections."""

from __future__ import annotations

import asyncio
import itertools
import struct
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest

from lab.base.addresses import Addresses
from lab.base.errors import LearnerError
from lab.base.free_port import free_port
from lab.base.pace import allow, pace
from lab.base.reading import Reading
from lab.fleet.fleet import Fleet
from lab.fleet.journal import Journal
from tests.support.nowhere import nowhere
from tests.support.waiting import until


class Broker:
    """An MQTT 3.1.1 server in a thread: takes CONNECT, PUBLISH, PINGREQ and DISCONNECT, keeps what it saw."""

    def __init__(self) -> None:
        self.readings: dict[str, list[Reading]] = defaultdict(list)
        self.status: dict[str, list[str]] = defaultdict(list)
        self.connects: Counter[str] = Counter()
        self.acknowledge = True
        self.writers: dict[str, asyncio.StreamWriter] = {}
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(allow(5))

    def drop(self, name: str) -> None:
        self._loop.call_soon_threadsafe(self.writers[name].transport.abort)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(allow(5))

    def _run(self) -> None:
        self._loop.run_until_complete(self._main())
        self._loop.close()

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for writer in self.writers.values():
            writer.transport.abort()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name, will = "", True
        try:
            while True:
                kind = (await reader.readexactly(1))[0]
                body = await reader.readexactly(await _length(reader))
                if kind >> 4 == 1:
                    size = struct.unpack(">H", body[10:12])[0]
                    name = body[12 : 12 + size].decode()
                    self.connects[name] += 1
                    self.writers[name] = writer
                    writer.write(b"\x20\x02\x00\x00")
                elif kind >> 4 == 3:
                    self._publish(kind, body, writer)
                elif kind >> 4 == 12:
                    writer.write(b"\xd0\x00")
                elif kind >> 4 == 14:
                    will = False
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if will and name:
                self.status[name].append("will")
            writer.close()

    def _publish(self, kind: int, body: bytes, writer: asyncio.StreamWriter) -> None:
        size = struct.unpack(">H", body[:2])[0]
        topic, rest = body[2 : 2 + size].decode(), body[2 + size :]
        name = topic.split("/")[1]
        qos = kind >> 1 & 3
        payload = rest[2:] if qos else rest
        if topic.endswith("/status"):
            self.status[name].append(payload.decode())
        else:
            self.readings[name].append(Reading.from_json(payload))
        if qos and (self.acknowledge or topic.endswith("/status")):
            writer.write(b"\x40\x02" + rest[:2])


async def _length(reader: asyncio.StreamReader) -> int:
    value, shift = 0, 0
    while True:
        byte = (await reader.readexactly(1))[0]
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value


@pytest.fixture
def broker() -> Iterator[Broker]:
    server = Broker()
    yield server
    server.stop()


@pytest.fixture
def addresses(broker: Broker) -> Addresses:
    return nowhere(mqtt_port=broker.port)


def test_every_published_reading_arrives_once_and_in_order(broker: Broker, addresses: Addresses) -> None:
    fleet = Fleet(addresses, 20, rate=2000, journal=Journal(limit=None)).start()
    until(lambda: fleet.totals().acknowledged >= 2000)
    assert fleet.stop()
    sent, acked = fleet.journal_copy()
    assert len(sent) == len(acked) == fleet.totals().published
    assert sum(map(len, broker.readings.values())) == len(sent)
    for readings in broker.readings.values():
        assert [reading.seq for reading in readings] == list(range(len(readings)))
        times = [reading.time for reading in readings]
        assert all(a < b for a, b in itertools.pairwise(times))
    assert all(seen == ["online", "offline"] for seen in broker.status.values())


def test_the_asked_rate_is_kept_with_a_thousand_connections_in_one_thread(broker: Broker, addresses: Addresses) -> None:
    before = threading.active_count()
    asked = 1000 / pace()
    fleet = Fleet(addresses, 1000, rate=asked).start()
    until(lambda: fleet.totals().connected == 1000 and fleet.totals().waiting < 100, 60)
    assert threading.active_count() == before + 1
    start, counted = time.monotonic(), fleet.totals().published
    until(lambda: time.monotonic() - start >= 4)
    rate = (fleet.totals().published - counted) / (time.monotonic() - start)
    fleet.stop()
    assert 0.8 * asked <= rate <= 1.2 * asked


def test_unacknowledged_readings_are_sent_again_before_newer_ones(broker: Broker, addresses: Addresses) -> None:
    broker.acknowledge = False
    fleet = Fleet(addresses, ["g1"], rate=200, journal=Journal(limit=None)).start()
    until(lambda: len(broker.readings["g1"]) >= 20)
    broker.drop("g1")
    broker.acknowledge = True
    until(lambda: fleet.totals().acknowledged >= 100)
    assert fleet.stop()
    seqs = [reading.seq for reading in broker.readings["g1"]]
    first_seen = list(dict.fromkeys(seqs))
    assert first_seen == list(range(len(first_seen)))
    assert len(seqs) > len(first_seen), "nothing was sent twice, so nothing was tested"
    assert {sent.seq for sent in fleet.journal.sent} == set(first_seen)


def test_a_cut_generator_leaves_its_will_remembers_readings_and_comes_back(
    broker: Broker, addresses: Addresses
) -> None:
    fleet = Fleet(addresses, ["g1", "g2"], rate=100, journal=Journal(limit=None)).start()
    until(lambda: fleet.totals().connected == 2)
    fleet.cut("g1")
    until(lambda: broker.status["g1"] == ["online", "will"])
    seen = len(broker.readings["g1"])
    other = len(broker.readings["g2"])
    until(lambda: len(broker.readings["g2"]) >= other + 20)
    assert len(broker.readings["g1"]) == seen
    assert [(view.connected, view.cut) for view in fleet.snapshot()] == [(False, True), (True, False)]
    fleet.restore("g1")
    until(lambda: len(broker.readings["g1"]) >= seen + 40)
    assert fleet.stop()
    assert [(view.connected, view.cut) for view in fleet.snapshot()] == [(False, False)] * 2
    assert broker.status["g1"] == ["online", "will", "online", "offline"]
    first_seen = list(dict.fromkeys(reading.seq for reading in broker.readings["g1"]))
    assert first_seen == list(range(len(first_seen)))


def test_generators_come_and_go_and_obey(broker: Broker, addresses: Addresses) -> None:
    with Fleet(addresses, ["g1"], interval=0.05, fuel={"g1": 600.0}) as fleet:
        name = fleet.add()
        until(lambda: len(broker.readings[name]) > 2)
        fleet.set_load("g1", 10.0)
        fleet.refuel("g1")
        until(lambda: broker.readings["g1"][-1].fuel > 990)
        assert fleet.last_refuel_us("g1") > fleet.started_us
        fleet.remove(name)
        until(lambda: "will" in broker.status[name])
        assert [(view.generatorID, view.demand) for view in fleet.snapshot()] == [("g1", 10.0)]
        with pytest.raises(LearnerError, match="no generator"):
            fleet.refuel(name)
        with pytest.raises(LearnerError, match="already"):
            fleet.add("g1")


def test_readings_taken_before_the_server_is_there_are_kept(addresses: Addresses) -> None:
    fleet = Fleet(addresses.model_copy(update={"mqtt_port": free_port()}), ["g1"], rate=100).start()
    until(lambda: fleet.totals().waiting >= 30)
    assert fleet.totals().reconnects > 0
    assert fleet.stop(drain=0.1) is False
