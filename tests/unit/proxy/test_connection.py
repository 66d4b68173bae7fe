"""One link between a client and the way to Kafka: when it stops reading, whom it refuses, what a reload changes."""

from __future__ import annotations

import asyncio
import logging

import pytest
from confluent_kafka import KafkaError

from lab.base.pace import allow
from lab.proxy.config import Config, Listener
from lab.proxy.connection import Connection
from lab.proxy.core.packets import V5, V311, Connect, Publish, Will
from lab.proxy.core.properties import P
from lab.proxy.core.reasons import Reason
from lab.proxy.held_bytes import READ_BYTES, SMALL
from lab.proxy.state import ServerState
from tests.support import publisher
from tests.support.fake_kafka import FakeProducer, without_kafka


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


NOTHING = {"name": "no", "mqtt": "#", "refuse": True}
LISTENER = Listener(port=0, anonymous=True)
RULE = {"name": "r", "mqtt": "g/{g}", "topic": "t", "key": "{g}", "max_bytes": 1000}


def server(rules: list[dict[str, object]] | None = None, **limits: object) -> ServerState:
    listener = {"port": 0, "anonymous": True}
    fields = {"kafka": {"bootstrap": "none"}, "listener": [listener], "rule": rules or [RULE], "limits": limits}
    return ServerState(Config.model_validate(fields))


async def opened(
    one: ServerState, version: int = V311, client: str = "c", keep_alive: int = 60, will: Will | None = None
) -> tuple[Connection, Transport]:
    connection, transport = Connection(one, LISTENER), Transport()
    connection.connection_made(transport)
    connection.data_received(publisher.connect(Connect(version, client, True, keep_alive, will)))
    async with asyncio.timeout(allow(5)):
        while not transport.data:
            await asyncio.sleep(0)
    transport.data = b""
    return connection, transport


def reading(number: int, qos: int = 1, size: int = 1, version: int = V311) -> bytes:
    return publisher.publish(Publish("g/1", b"x" * size, qos, number if qos else 0, False), version)


async def confirmed(one: ServerState, count: int) -> None:
    """Kafka's yes to so many, as soon as they are there."""
    one.delivery.topics.gate.set()  # type: ignore[attr-defined]
    async with asyncio.timeout(allow(5)):
        while len(FakeProducer.made[-1].queue) < count:
            await asyncio.sleep(0.001)
        FakeProducer.made[-1].confirm(count)
        while one.delivery.in_flight and FakeProducer.made[-1].errors:
            await asyncio.sleep(0.001)


async def test_a_connection_takes_its_window_and_goes_on_at_half() -> None:
    one = server(receive_maximum=4)
    connection, transport = await opened(one)
    connection.data_received(b"".join(reading(n + 1) for n in range(5)))
    assert connection.in_flight == 4
    assert not transport.reading
    await confirmed(one, 1)
    assert not transport.reading
    await confirmed(one, 1)
    assert transport.reading
    assert connection.in_flight == 3
    assert transport.data == b"".join(bytes((0x40, 2, 0, n)) for n in (1, 2))


async def test_all_connections_wait_when_too_much_is_in_flight() -> None:
    one = server(in_flight=3)
    (busy, busy_transport), (idle, other) = await opened(one), await opened(one, client="d")
    busy.data_received(b"".join(reading(n + 1) for n in range(4)))
    assert one.delivery.in_flight == 3
    assert not busy_transport.reading
    late, late_transport = await opened(one, client="e")
    for connection, transport in ((idle, other), (late, late_transport)):
        connection.data_received(publisher.PINGREQ)
        assert transport.data == b"\xd0\x00", "who has nothing waiting is served"
        connection.data_received(reading(1))
        assert not transport.reading
    assert one.delivery.in_flight == 3
    await confirmed(one, 3)
    assert all(each.reading for each in (busy_transport, other, late_transport))
    assert one.delivery.in_flight == 3


async def opened_late(one: ServerState) -> tuple[Connection, Transport]:
    connection, transport = Connection(one, None), Transport()  # type: ignore[arg-type]
    connection.connection_made(transport)
    return connection, transport


async def test_a_client_is_not_called_silent_while_nobody_listens() -> None:
    one = server(in_flight=1)
    connection, transport = await opened(one, keep_alive=10)
    connection.data_received(reading(1) + reading(2))
    assert not transport.reading
    assert connection._keeping_due(one.now() + 100) is not None
    await confirmed(one, 1)
    assert connection._keeping_due(one.now() + 14) is not None
    assert connection._keeping_due(one.now() + 16) is None
    assert transport.closed


async def test_too_large_for_the_rule_is_refused() -> None:
    one = server()
    connection, transport = await opened(one, V5)
    connection.data_received(reading(1, size=1001, version=V5))
    await asyncio.sleep(0.01)
    assert transport.data[0] == 0x40
    assert transport.data[4] == Reason.QUOTA_EXCEEDED


async def test_a_reload_changes_the_route_of_an_open_connection() -> None:
    one = server()
    connection, transport = await opened(one, V5)
    connection.data_received(reading(1, version=V5))
    refuse = {"name": "no", "mqtt": "#", "refuse": True}
    one.reload(
        Config.model_validate(
            {"kafka": {"bootstrap": "n"}, "listener": [{"port": 0, "anonymous": True}], "rule": [refuse]}
        )
    )
    connection.data_received(reading(2, version=V5))
    await confirmed(one, 1)
    await asyncio.sleep(0.01)
    assert transport.data[:4] == b"\x40\x02\x00\x01"
    assert transport.data[8] == Reason.NOT_AUTHORIZED


async def test_no_more_connections_than_allowed() -> None:
    one = server(connections=1)
    await opened(one)
    _, transport = await opened_late(one)
    assert transport.closed


# While publishes wait


async def test_pings_are_answered_while_publishes_wait() -> None:
    """MQTT-3.12.4-1, also in the link's own words: at first not read, after a second read ahead."""
    one = server(receive_maximum=1)
    connection, transport = await opened(one)
    connection.data_received(reading(1) + reading(2) + publisher.PINGREQ)
    assert not transport.reading
    assert transport.data == b""
    one.look_ahead(one.now() + 2)
    assert transport.reading
    assert transport.data == b"\xd0\x00"
    connection.data_received(reading(3) + publisher.PINGREQ)
    assert transport.data == b"\xd0\x00" * 2
    assert (connection.in_flight, connection.session.held_back()) == (1, len(reading(2) + reading(3)))
    for _ in range(3):
        await confirmed(one, 1)
    assert transport.data.count(b"\x40\x02") == 3
    assert (one.waiting, one.held.bytes) == ({}, 0)


async def test_in_an_outage_that_is_known_pings_are_answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    one = server(in_flight=1)
    first, _ = await opened(one)
    first.data_received(reading(1) + reading(2))
    later, transport = await opened(one, client="later", keep_alive=1)
    now = one.now()
    monkeypatch.setattr(one, "now", lambda: now + 1.1)
    later.data_received(reading(1) + publisher.PINGREQ)
    assert transport.data == b"\xd0\x00"
    assert transport.reading


async def test_a_connection_that_moves_now_and_then_is_not_read_ahead() -> None:
    one = server(receive_maximum=1)
    connection, transport = await opened(one)
    connection.data_received(b"".join(reading(n + 1) for n in range(4)))
    for _ in range(3):
        await confirmed(one, 1)
    assert not one.waiting
    connection.data_received(reading(9) + reading(10))
    one.look_ahead(one.now() + 0.5)
    assert not transport.reading


async def test_a_connection_is_read_ahead_up_to_its_allowance() -> None:
    one = server(in_flight=1, held_bytes=1_000_000)
    many = [await opened(one, client=f"c{n}") for n in range(30)]
    for connection, transport in many:
        connection.data_received(reading(1, qos=0) * 2)
        one.look_ahead(one.now() + 2)
        while transport.reading:
            connection.data_received(reading(2, qos=0, size=900) * 4)
    held = [connection.session.held_back() for connection, _ in many]
    assert one.held.bytes == sum(connection.session.holding() for connection, _ in many)
    assert one.held.bytes < 1_000_000 + len(many) * SMALL
    assert held[0] > 100_000
    assert held[-1] >= 4_096, "the next one still has something"


async def test_a_peer_that_went_away_is_gone_after_its_publishes() -> None:
    one = server(receive_maximum=1, rules=[{**RULE, "mqtt": "#", "key": None}])
    will = Will("g/will", b"offline", 0, False)
    for goodbye, wills in ((publisher.disconnect(), 0), (b"", 1)):
        connection, _ = await opened(one, client=f"c{wills}", will=will)
        connection.data_received(reading(1) + reading(2) + goodbye)
        connection.connection_lost(None)
        assert one.counters.wills == 0
        assert connection in one.connections
        for _ in range(2):
            await confirmed(one, 1)
        assert one.counters.wills == wills
        assert (one.connections, one.waiting, one.held.bytes) == (set(), {}, 0)


async def test_a_take_over_ends_a_link_whose_peer_is_gone() -> None:
    one = server(receive_maximum=1)
    connection, _ = await opened(one)
    connection.data_received(reading(1) + reading(2))
    connection.connection_lost(None)
    await opened(one)
    assert connection not in one.connections
    assert connection not in one.waiting
    assert len(one.connections) == 1


async def test_what_clients_hold_is_bounded_and_a_little_is_everyones() -> None:
    one = server(held_bytes=1_000_000)
    raw = publisher.publish(Publish("g/1", b"x" * 900_000, 0, 0, False))
    connections = [await opened(one, client=f"c{n}") for n in range(20)]
    for connection, _ in connections:
        connection.data_received(raw[:400_000])
    assert sum(not transport.closed for _, transport in connections) == 2
    assert one.held.bytes <= 1_000_000
    small, transport = await opened(one, client="small")
    small.data_received(reading(1)[:5])
    small.data_received(reading(1)[5:] + publisher.PINGREQ)
    assert transport.data == b"\xd0\x00"


async def test_reads_become_small_when_half_of_what_may_be_held_is_held() -> None:
    one = server(held_bytes=1_000_000)
    connection, _ = await opened(one)
    assert len(connection.get_buffer(-1)) == READ_BYTES
    connection.data_received(publisher.publish(Publish("g/1", b"x" * 900_000, 0, 0, False))[:600_000])
    assert len(connection.get_buffer(-1)) == 4_096
    connection.connection_lost(None)
    assert len(connection.get_buffer(-1)) == READ_BYTES
    connection.get_buffer(-1)[:4] = b"abcd"
    assert one.held.read(3) == b"abc"


# Refusals


def lines(caplog: pytest.LogCaptureFixture, event: str) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.message == event]


@pytest.mark.parametrize(("version", "qos"), [(V311, 0), (V5, 0), (V5, 1), (V311, 1)])
async def test_a_refused_publish_has_a_line_with_its_topic(
    version: int, qos: int, caplog: pytest.LogCaptureFixture
) -> None:
    one = server()
    connection, _ = await opened(one, version)
    connection.data_received(publisher.publish(Publish("nowhere", b"x", qos, qos, False), version))
    await asyncio.sleep(0)
    [line] = lines(caplog, "publish refused")
    assert vars(line).items() >= {"client": "c", "topic": "nowhere", "qos": qos, "reason": 0x90, "count": 1}.items()
    assert one.counters.protocol_errors == 0


async def test_refusals_have_one_line_a_minute_with_a_count(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one = server()
    connection, _ = await opened(one)
    bad = publisher.publish(Publish("nowhere", b"x", 0, 0, False))
    connection.data_received(bad * 500)
    now = one.now()
    for later in (30, 61, 90, 122, 190):
        monkeypatch.setattr(one.limiter, "_now", lambda later=later: now + later)
        one.limiter.flush()
    assert [vars(line)["count"] for line in lines(caplog, "publish refused")] == [1, 499]
    assert not one.limiter._lines


async def test_names_without_end_share_a_line(caplog: pytest.LogCaptureFixture) -> None:
    one = server()
    connection, _ = await opened(one)
    connection.data_received(
        b"".join(publisher.publish(Publish(f"nowhere/{n}", b"", 0, 0, False)) for n in range(3_000))
    )
    assert len(lines(caplog, "publish refused")) == 1_001
    assert len(one.limiter._lines) == 1_001


async def test_311_nothing_behind_a_refusal_that_closes_is_taken() -> None:
    """What is acknowledged is not sent again; what is not acknowledged did not reach Kafka, so it cannot come twice."""
    one = server()
    connection, transport = await opened(one)
    connection.data_received(reading(1) + reading(2, size=2_000) + reading(3) + reading(4))
    assert one.delivery.in_flight == 1
    await confirmed(one, 1)
    await asyncio.sleep(0.01)
    assert transport.data == b"\x40\x02\x00\x01"
    assert transport.closed
    assert one.counters.protocol_errors == 0


@pytest.mark.parametrize("qos", [1, 2])
async def test_311_a_rule_may_acknowledge_what_it_refuses(qos: int) -> None:
    last = {"name": "rest", "mqtt": "#", "refuse": True, "on_refusal": "acknowledge"}
    one = server([{**RULE, "on_refusal": "acknowledge"}, last])
    connection, transport = await opened(one)
    unknown = publisher.publish(Publish("nowhere", b"", qos, 2, False))
    connection.data_received(reading(1, qos, 2_000) + unknown + reading(3, qos))
    await confirmed(one, 1)
    await asyncio.sleep(0.01)
    first = 0x40 if qos == 1 else 0x50
    assert transport.data == b"".join(bytes((first, 2, 0, n)) for n in (1, 2, 3))
    assert one.counters.refused == 2


# Wills


@pytest.mark.parametrize("version", [V311, V5])
@pytest.mark.parametrize(
    ("will", "reason"),
    [
        (Will("nowhere", b"x", 1, False), Reason.TOPIC_NAME_INVALID),
        (Will("g/1", b"x" * 1_001, 1, False), Reason.QUOTA_EXCEEDED),
        (Will("g/1", b"", 1, False, 0, {P.USER: [("n", "v" * 1_000)]}), Reason.QUOTA_EXCEEDED),
        (Will("own/1", b"", 1, False), Reason.NOT_AUTHORIZED),
        (Will("topic/a b", b"", 1, False), Reason.TOPIC_NAME_INVALID),
        (Will("no/1", b"", 1, False), Reason.NOT_AUTHORIZED),
    ],
)
async def test_a_will_that_could_not_be_published_is_refused_at_connect(
    version: int, will: Will, reason: Reason, caplog: pytest.LogCaptureFixture
) -> None:
    one = server(
        [
            RULE,
            {"name": "own", "mqtt": "own/{u}", "topic": "t", "allow": {"u": "user"}},
            {"name": "topic", "mqtt": "topic/{t}", "topic": "{t}"},
            {"name": "no", "mqtt": "no/#", "refuse": True},
        ]
    )
    _, transport = await opened_raw(one, version, will)
    if version == V5:
        assert transport.data[3] == reason
    elif will.properties is None:
        assert transport.data == b"\x20\x02\x00\x05"
    else:
        return  # 3.1.1 has no properties
    assert transport.closed
    [line] = lines(caplog, "CONNECT refused")
    assert "will" in vars(line)["cause"]
    assert one.counters.protocol_errors == 0


async def opened_raw(one: ServerState, version: int, will: Will) -> tuple[Connection, Transport]:
    return await opened_answer(one, publisher.connect(Connect(version, "c", True, 60, will)))


async def opened_answer(one: ServerState, raw: bytes) -> tuple[Connection, Transport]:
    """A link whose CONNECT was answered, with the answer kept."""
    connection, transport = Connection(one, LISTENER), Transport()
    connection.connection_made(transport)
    connection.data_received(raw)
    async with asyncio.timeout(allow(5)):
        while not transport.data and not transport.closed:
            await asyncio.sleep(0)
    return connection, transport


async def test_a_will_that_a_reload_forbids_is_said_in_full(caplog: pytest.LogCaptureFixture) -> None:
    one = server()
    connection, _ = await opened(one, will=Will("g/1", b"offline", 1, False))
    one.reload(
        Config.model_validate(
            {"kafka": {"bootstrap": "n"}, "listener": [{"port": 0, "anonymous": True}], "rule": [NOTHING]}
        )
    )
    connection.connection_lost(None)
    [line] = lines(caplog, "will refused")
    assert vars(line).items() >= {"client": "c", "topic": "g/1", "reason": 0x87}.items()


async def test_a_will_that_kafka_refuses_is_said_in_full(caplog: pytest.LogCaptureFixture) -> None:
    one = server()
    connection, _ = await opened(one, will=Will("g/1", b"offline", 1, False))
    connection.connection_lost(None)
    one.delivery.topics.gate.set()  # type: ignore[attr-defined]
    async with asyncio.timeout(allow(5)):
        while not FakeProducer.made[-1].queue:
            await asyncio.sleep(0.001)
        FakeProducer.made[-1].confirm(1, KafkaError(KafkaError.MSG_SIZE_TOO_LARGE))
        while one.delivery.in_flight:
            await asyncio.sleep(0.001)
    [line] = lines(caplog, "will refused")
    assert vars(line).items() >= {"client": "c", "topic": "g/1", "reason": 0x97}.items()


# CONNECTs that wait


async def test_a_login_that_cannot_be_decided_in_time_is_told_so() -> None:
    for version, said in ((V5, b"\x20\x03\x00\x89\x00"), (V311, b"\x20\x02\x00\x03")):
        one = server()
        one.registry = Undecided()  # type: ignore[assignment]
        connection, transport = Connection(one, LISTENER), Transport()
        connection.connection_made(transport)
        connection.data_received(publisher.connect(Connect(version, "c", True, 60)))
        await asyncio.sleep(0.01)
        due = connection._opening_due(one.now() + 10)
        assert due is not None
        assert transport.data == b""
        assert connection._opening_due(due) is None
        assert transport.data == said
        assert one.counters.protocol_errors == 0


class Undecided:
    """A registry that never grants."""

    async def claim(self, *_: object) -> None:
        await asyncio.Event().wait()

    def release(self, *_: object) -> None: ...


async def test_a_socket_on_which_no_connect_comes_is_closed() -> None:
    one = server()
    connection, transport = await opened_late(one)
    assert connection._opening_due(one.now() + 10) is None
    assert transport.closed


async def test_clients_that_come_and_go_leave_nothing_for_long() -> None:
    """A keep-alive of 18 hours is not how long a closed link is kept."""
    one = server()
    will = Will("g/1", b"w" * 1_000, 1, False)
    connection, _ = await opened(one, keep_alive=65_535, will=will)
    connection.data_received(reading(1))
    connection.connection_lost(None)
    assert connection.session.will is None
    assert connection.session.inbound is None
    assert max(one.wheel._slots) <= one.now() + 12
    assert connection._keeping_due(one.now() + 10) is None
    assert one.counters.wills == 1
