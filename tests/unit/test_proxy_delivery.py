"""The way to Kafka, with a producer made of lists: order, bounds, refusals, renewal. And one link on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from confluent_kafka import KafkaError

from lab.proxy import delivery as module
from lab.proxy import publisher
from lab.proxy import wheel as wheel_module
from lab.proxy.config import Bounds, Config, Kafka
from lab.proxy.delivery import Delivery
from lab.proxy.link import Link
from lab.proxy.metrics import Counters, ProxyCollector
from lab.proxy.packets import PENDING, V5, V311, Connect, Publish
from lab.proxy.reasons import Reason
from lab.proxy.rules import Route, Target
from lab.proxy.server import Server
from lab.proxy.wheel import Wheel


class FakeProducer:
    """Keeps what it is given until `confirm` lets it go."""

    made: ClassVar[list[FakeProducer]] = []

    def __init__(self, settings: dict[str, Any], **_: object) -> None:
        self.settings = settings
        self.queue: list[tuple[str, bytes, bytes | None, Callable[[Any, Any], None]]] = []
        self.errors: list[KafkaError | None] = []
        self.full = False
        FakeProducer.made.append(self)

    def produce(
        self, topic: str, value: bytes, key: bytes | None, _partition: int, callback: Any, headers: object = None
    ) -> None:
        if self.full:
            raise BufferError
        self.queue.append((topic, value, key, callback))

    def confirm(self, count: int, error: KafkaError | None = None) -> None:
        self.errors += [error] * count

    def poll(self, _seconds: float) -> int:
        while self.errors:
            self.queue.pop(0)[3](self.errors.pop(0), None)
        return 0

    def purge(self) -> None: ...
    def flush(self, _seconds: float) -> int:
        return 0

    def __len__(self) -> int:
        return len(self.queue)


class FakeTopics:
    """Makes topics when `gate` opens."""

    def __init__(self, _settings: object) -> None:
        self.gate = asyncio.Event()
        self.error: KafkaError | None = None

    async def make(self, _target: Target, _seconds: float) -> KafkaError | None:
        await self.gate.wait()
        return self.error

    async def existing(self) -> set[str]:
        return set()


class Someone:
    """A client that counts how often it was told."""

    flying = 0
    told = 0

    def settled(self) -> None:
        self.told += 1


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeProducer.made = []
    monkeypatch.setattr(module, "Producer", FakeProducer)
    monkeypatch.setattr(module, "Topics", FakeTopics)


class Stage:
    """A delivery with its fakes at hand."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self.rooms: list[bool] = []
        self.counters = Counters()
        self.delivery = Delivery(Kafka(bootstrap="none"), bounds or Bounds(), self.counters, self.rooms.append)
        self.topics: FakeTopics = self.delivery._topics  # type: ignore[assignment]
        self.client = Someone()

    @property
    def producer(self) -> FakeProducer:
        return FakeProducer.made[-1]

    def send(self, payload: bytes = b"x", topic: str = "t") -> Publish:
        publish = Publish("m", payload, 1, 1, False)
        route = Route(Target(topic, 1, 1), b"k", (), 1_000_000, "r")
        self.delivery.send(self.client, publish, route, None)
        return publish

    async def turn(self, times: int = 20) -> None:
        """Let the poll timer and tasks run."""
        for _ in range(times):
            await asyncio.sleep(0.001)


async def test_order_is_kept_while_the_topic_is_made() -> None:
    stage = Stage()
    first = [stage.send(b"%d" % n) for n in range(3)]
    other = stage.send(b"other", "u")
    await stage.turn(3)
    assert stage.producer.queue == []
    stage.topics.gate.set()
    await stage.turn(3)
    stage.send(b"3")
    values = [value for topic, value, *_ in stage.producer.queue if topic == "t"]
    assert values == [b"0", b"1", b"2", b"3"]
    stage.producer.confirm(5)
    await stage.turn()
    assert [one.reason for one in (*first, other)] == [0] * 4
    assert stage.client.told
    assert (stage.delivery.flying, stage.delivery.flying_bytes, stage.client.flying) == (0, 0, 0)


async def test_a_topic_that_cannot_be_made_refuses_what_waits() -> None:
    stage = Stage()
    publish = stage.send()
    stage.topics.error = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    stage.topics.gate.set()
    await stage.turn(3)
    assert publish.reason == Reason.NOT_AUTHORIZED
    assert stage.client.told == 1


async def test_nothing_is_decided_before_kafka_decides() -> None:
    stage = Stage()
    stage.topics.gate.set()
    publish = stage.send()
    await stage.turn()
    assert publish.reason == PENDING
    assert stage.client.told == 0


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (KafkaError._MSG_TIMED_OUT, Reason.UNSPECIFIED),
        (KafkaError.MSG_SIZE_TOO_LARGE, Reason.QUOTA_EXCEEDED),
        (KafkaError.INVALID_RECORD, Reason.PAYLOAD_FORMAT_INVALID),
        (KafkaError.NOT_ENOUGH_REPLICAS, Reason.IMPLEMENTATION_ERROR),
    ],
)
async def test_a_final_no_has_a_reason(code: int, reason: Reason) -> None:
    stage = Stage()
    stage.topics.gate.set()
    publish = stage.send()
    await stage.turn(3)
    stage.producer.confirm(1, KafkaError(code))
    await stage.turn()
    assert publish.reason == reason
    assert publish.detail
    assert stage.counters.failed == 1


@pytest.mark.parametrize("bounds", [Bounds(in_flight=10), Bounds(in_flight_bytes=1_000_000)])
async def test_full_is_said_once_and_room_at_half(bounds: Bounds) -> None:
    stage = Stage(bounds)
    stage.topics.gate.set()
    for _ in range(10):
        stage.send(b"x" * 100_000)
    assert stage.rooms == [False]
    await stage.turn(3)
    stage.producer.confirm(4)
    await stage.turn()
    assert stage.rooms == [False]
    stage.producer.confirm(1)
    await stage.turn()
    assert stage.rooms == [False, True]


async def test_a_full_producer_holds_and_keeps_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    stage = Stage()
    stage.topics.gate.set()
    stage.send(b"0")
    await stage.turn(3)
    stage.producer.full = True
    stage.send(b"1")
    stage.send(b"2")
    stage.producer.full = False
    stage.send(b"3")
    await stage.turn(40)
    assert [value for _, value, *_ in stage.producer.queue] == [b"0", b"1", b"2", b"3"]


async def test_a_fatal_error_gets_a_new_producer() -> None:
    stage = Stage()
    stage.topics.gate.set()
    old = stage.send()
    await stage.turn(3)
    broken = stage.producer
    broken.settings["error_cb"](KafkaError(KafkaError._FATAL, "out of order", fatal=True))
    await stage.turn()
    assert stage.producer is not broken
    new = stage.send(b"new")
    broken.confirm(1, KafkaError(KafkaError._FATAL))
    stage.producer.confirm(1)
    await stage.turn()
    assert (old.reason, new.reason) == (Reason.IMPLEMENTATION_ERROR, 0)


async def test_durability_cannot_be_configured_away() -> None:
    Delivery(Kafka(bootstrap="none", settings={"acks": 1, "linger.ms": 9}), Bounds(), Counters(), bool)
    settings = FakeProducer.made[-1].settings
    assert (settings["acks"], settings["enable.idempotence"], settings["linger.ms"]) == ("all", True, 9)


# A link on it


class Transport:
    """Collects what is written."""

    def __init__(self) -> None:
        self.data = b""
        self.reading = True
        self.closed = False

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def get_extra_info(self, _name: str) -> None: ...


def server(**limits: object) -> Server:
    rule = {"name": "r", "mqtt": "g/{g}", "topic": "t", "key": "{g}", "max_bytes": 1000}
    listener = {"port": 0, "anonymous": True}
    return Server(
        Config.model_validate(
            {"kafka": {"bootstrap": "none"}, "listener": [listener], "rule": [rule], "limits": limits}
        )
    )


async def opened(one: Server, version: int = V311, client: str = "c", keep_alive: int = 60) -> tuple[Link, Transport]:
    listener = Config.model_validate(
        {
            "kafka": {"bootstrap": "n"},
            "listener": [{"port": 0, "anonymous": True}],
            "rule": [{"name": "r", "mqtt": "#", "refuse": True}],
        }
    ).listener[0]
    link, transport = Link(one, listener), Transport()
    link.connection_made(transport)
    link.data_received(publisher.connect(Connect(version, client, True, keep_alive)))
    async with asyncio.timeout(5):
        while not transport.data:
            await asyncio.sleep(0)
    transport.data = b""
    return link, transport


def reading(number: int, qos: int = 1, size: int = 1, version: int = V311) -> bytes:
    return publisher.publish(Publish("g/1", b"x" * size, qos, number if qos else 0, False), version)


async def confirmed(one: Server, count: int) -> None:
    """Kafka's yes to so many, as soon as they are there."""
    one.delivery._topics.gate.set()  # type: ignore[attr-defined]
    async with asyncio.timeout(5):
        while len(FakeProducer.made[-1].queue) < count:
            await asyncio.sleep(0.001)
        FakeProducer.made[-1].confirm(count)
        while one.delivery.flying and FakeProducer.made[-1].errors:
            await asyncio.sleep(0.001)


async def test_a_link_stops_reading_above_its_window_and_goes_on_at_half() -> None:
    one = server(receive_maximum=4)
    link, transport = await opened(one)
    link.data_received(b"".join(reading(n + 1) for n in range(5)))
    assert not transport.reading
    await confirmed(one, 2)
    assert not transport.reading
    await confirmed(one, 1)
    assert transport.reading
    assert transport.data == b"".join(bytes((0x40, 2, 0, n)) for n in (1, 2, 3))


async def test_all_links_stop_when_too_much_is_in_flight() -> None:
    one = server(in_flight=3)
    (busy, busy_transport), (_, other) = await opened(one), await opened(one, client="d")
    busy.data_received(b"".join(reading(n + 1) for n in range(3)))
    assert not busy_transport.reading
    assert not other.reading
    _, late = await opened_late(one)
    assert not late.reading
    await confirmed(one, 3)
    assert all(each.reading for each in (busy_transport, other, late))


async def opened_late(one: Server) -> tuple[Link, Transport]:
    link, transport = Link(one, None), Transport()  # type: ignore[arg-type]
    link.connection_made(transport)
    return link, transport


async def test_a_client_is_not_called_silent_while_nobody_listens() -> None:
    one = server(in_flight=1)
    link, transport = await opened(one, keep_alive=10)
    link.data_received(reading(1))
    assert not transport.reading
    assert link._keeping_due(one.now() + 100) is not None
    await confirmed(one, 1)
    assert link._keeping_due(one.now() + 14) is not None
    assert link._keeping_due(one.now() + 16) is None
    assert transport.closed


async def test_too_large_for_the_rule_is_refused() -> None:
    one = server()
    link, transport = await opened(one, V5)
    link.data_received(reading(1, size=1001, version=V5))
    await asyncio.sleep(0.01)
    assert transport.data[0] == 0x40
    assert transport.data[4] == Reason.QUOTA_EXCEEDED


async def test_a_reload_changes_the_route_of_an_open_connection() -> None:
    one = server()
    link, transport = await opened(one, V5)
    link.data_received(reading(1, version=V5))
    refuse = {"name": "no", "mqtt": "#", "refuse": True}
    one.reload(
        Config.model_validate(
            {"kafka": {"bootstrap": "n"}, "listener": [{"port": 0, "anonymous": True}], "rule": [refuse]}
        )
    )
    link.data_received(reading(2, version=V5))
    await confirmed(one, 1)
    await asyncio.sleep(0.01)
    assert transport.data[:4] == b"\x40\x02\x00\x01"
    assert transport.data[8] == Reason.NOT_AUTHORIZED


async def test_no_more_connections_than_allowed() -> None:
    one = server(connections=1)
    await opened(one)
    _, transport = await opened_late(one)
    assert transport.closed


async def test_the_wheel_asks_at_the_time_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel_module, "SLOT_SECONDS", 0.02)
    wheel = Wheel()
    asked: list[float] = []
    start = asyncio.get_running_loop().time()

    def ask(now: float) -> float | None:
        asked.append(now - start)
        return now + 0.05 if len(asked) < 2 else None

    wheel.add(ask, start)
    turning = asyncio.create_task(wheel.turn())
    async with asyncio.timeout(20):
        while len(asked) < 2:
            await asyncio.sleep(0.05)
    turning.cancel()
    assert asked[0] < asked[1]


def test_metrics_have_a_worker_label() -> None:
    counters = Counters(connects=3)
    counters.observe_ack(0.003)
    families = {family.name: family for family in ProxyCollector(lambda: {7: counters.snapshot()}).collect()}
    assert families["mqtt_proxy_connects"].samples[0].labels == {"worker": "7"}
    assert families["mqtt_proxy_connects"].samples[0].value == 3
    buckets = [one for one in families["mqtt_proxy_kafka_ack_seconds"].samples if one.name.endswith("_bucket")]
    assert [one.value for one in buckets][:3] == [0, 1, 1]
