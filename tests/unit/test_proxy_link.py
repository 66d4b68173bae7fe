"""One link between a client and the way to Kafka: when it stops reading, whom it refuses, what a reload changes."""

from __future__ import annotations

import asyncio

import pytest

from lab.proxy import publisher
from lab.proxy.config import Config
from lab.proxy.link import Link
from lab.proxy.packets import V5, V311, Connect, Publish
from lab.proxy.reasons import Reason
from lab.proxy.server import Server
from tests.unit.fake_kafka import FakeProducer, without_kafka


@pytest.fixture(autouse=True)
def kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    without_kafka(monkeypatch)


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
    def set_write_buffer_limits(self, high: int) -> None: ...


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


async def test_a_link_takes_its_window_and_goes_on_at_half() -> None:
    one = server(receive_maximum=4)
    link, transport = await opened(one)
    link.data_received(b"".join(reading(n + 1) for n in range(5)))
    assert link.flying == 4
    assert not transport.reading
    await confirmed(one, 1)
    assert not transport.reading
    await confirmed(one, 1)
    assert transport.reading
    assert link.flying == 3
    assert transport.data == b"".join(bytes((0x40, 2, 0, n)) for n in (1, 2))


async def test_all_links_wait_when_too_much_is_in_flight() -> None:
    one = server(in_flight=3)
    (busy, busy_transport), (idle, other) = await opened(one), await opened(one, client="d")
    busy.data_received(b"".join(reading(n + 1) for n in range(4)))
    assert one.delivery.flying == 3
    assert not busy_transport.reading
    late, late_transport = await opened(one, client="e")
    for link, transport in ((idle, other), (late, late_transport)):
        link.data_received(publisher.PINGREQ)
        assert transport.data == b"\xd0\x00", "who has nothing waiting is served"
        link.data_received(reading(1))
        assert not transport.reading
    assert one.delivery.flying == 3
    await confirmed(one, 3)
    assert all(each.reading for each in (busy_transport, other, late_transport))
    assert one.delivery.flying == 3


async def opened_late(one: Server) -> tuple[Link, Transport]:
    link, transport = Link(one, None), Transport()  # type: ignore[arg-type]
    link.connection_made(transport)
    return link, transport


async def test_a_client_is_not_called_silent_while_nobody_listens() -> None:
    one = server(in_flight=1)
    link, transport = await opened(one, keep_alive=10)
    link.data_received(reading(1) + reading(2))
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
