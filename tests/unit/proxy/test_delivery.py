"""The way to Kafka, with a producer made of lists: order, bounds, refusals, renewal."""

from __future__ import annotations

import asyncio

import pytest
from confluent_kafka import KafkaError
from pydantic import ValidationError

from lab.proxy import delivery as module
from lab.proxy.config import PROMISED, Bounds, Kafka
from lab.proxy.core.packets import PENDING, Publish
from lab.proxy.core.reasons import Reason
from lab.proxy.core.rules import PUBLISH_BYTES, Identity, Route, Router, Rule, Target
from lab.proxy.delivery import Delivery
from lab.proxy.metrics import Counters
from tests.support.fake_kafka import FakeProducer, FakeTopics, without_kafka


@pytest.fixture(autouse=True)
def kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    without_kafka(monkeypatch)


class Someone:
    """A client that counts how often it was told."""

    in_flight = 0
    told = 0

    def flush_acknowledgements(self) -> None:
        self.told += 1

    def failed(self, publish: Publish) -> None:
        assert publish.detail


class Stage:
    """A delivery with its fakes at hand."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self.rooms: list[bool] = []
        self.counters = Counters()
        self.delivery = Delivery(Kafka(bootstrap="none"), bounds or Bounds(), self.counters, self.rooms.append)
        self.topics: FakeTopics = self.delivery.topics  # type: ignore[assignment]
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
    assert (stage.delivery.in_flight, stage.delivery.in_flight_bytes, stage.client.in_flight) == (0, 0, 0)


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


@pytest.mark.parametrize("bounds", [Bounds(in_flight=10), Bounds(in_flight_bytes=10 * (100_000 + PUBLISH_BYTES))])
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


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_the_delivery_promise_cannot_be_configured_away(name: str) -> None:
    with pytest.raises(ValidationError, match=f"{name} cannot be set"):
        Kafka(bootstrap="none", settings={name: 1})


async def test_one_request_at_a_time_so_that_no_batch_overtakes_a_refused_one() -> None:
    Delivery(Kafka(bootstrap="none", settings={"linger.ms": 9}), Bounds(), Counters(), bool)
    settings = FakeProducer.made[-1].settings
    assert (settings["acks"], settings["enable.idempotence"]) == ("all", True)
    assert settings["max.in.flight.requests.per.connection"] == 1
    assert settings["linger.ms"] == 9


@pytest.mark.parametrize(
    ("publish", "headers", "least"),
    [
        (Publish("m", b"", 1, 1, False), None, 500),
        (Publish("m", b"x" * 10_000, 1, 1, False), None, 10_500),
        (Publish("t" * 60_000, b"", 1, 1, False), None, 60_500),
        (Publish("m", b"", 1, 1, False), [("n" * 100, b"v" * 65_000)] * 14, 14 * 65_100),
        (Publish("m", b"", 1, 1, False), [("", b"")] * 1_000, 50_000),
    ],
)
async def test_what_a_publish_holds_is_counted_whole(
    publish: Publish, headers: list[tuple[str, bytes]] | None, least: int
) -> None:
    stage = Stage()
    stage.topics.gate.set()
    router = Router([Rule.model_validate({"name": "r", "mqtt": "{all#}", "topic": "t", "key": "{all}"})])
    route = router.route(publish.topic, Identity("c"))
    assert isinstance(route, Route)
    stage.delivery.send(stage.client, publish, route, headers)
    assert stage.delivery.in_flight_bytes >= least
    assert stage.delivery.room() == stage.delivery._bounds.in_flight - 1
    await stage.turn(3)
    stage.producer.confirm(1)
    await stage.turn()
    assert stage.delivery.in_flight_bytes == 0


@pytest.mark.parametrize(("payload", "value"), [(b"", None), (b"x", b"x")])
async def test_a_tombstone_has_no_value(payload: bytes, value: bytes | None) -> None:
    stage = Stage()
    stage.topics.gate.set()
    route = Route(Target("t", 1, 1), b"k", (), 1_000, "r", tombstones=True)
    stage.delivery.send(stage.client, Publish("m", payload, 1, 1, False), route, None)
    await stage.turn(3)
    assert [one[1] for one in stage.producer.queue] == [value]
