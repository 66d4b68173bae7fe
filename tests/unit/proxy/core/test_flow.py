"""Flow control of the core: publishes wait as bytes, pings behind them are answered, what is held is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.proxy.core.opening import Grant
from lab.proxy.core.packets import V5, V311, Connect, Ended, Publish, Will
from lab.proxy.core.properties import P
from lab.proxy.core.reasons import Reason
from lab.proxy.core.session import PIECE, Session
from tests.support import publisher
from tests.support.sessions_made import VERSIONS, end_of, fresh, opened

PINGRESP = b"\xd0\x00"


def publish(number: int, version: int = V311, size: int = 1) -> bytes:
    return publisher.publish(Publish("t", b"%d " % number + b"x" * size, 1, number + 1, False), version)


def numbers(events: list[object]) -> list[int]:
    return [int(event.payload.split()[0]) for event in events if isinstance(event, Publish)]


def short(version: int = V311, credit: int = 0) -> Session:
    """An open session with so much credit."""
    session = opened(version)
    session.credit = credit
    return session


@VERSIONS
def test_publishes_beyond_the_credit_wait_and_keep_their_order(version: int) -> None:
    session = short(version, credit=2)
    assert numbers(session.receive(b"".join(publish(n, version) for n in range(5)), 0.0)) == [0, 1]
    assert session.stalled
    assert numbers(session.receive(publish(5, version), 0.0)) == []
    assert numbers(session.proceed(3)) == [2, 3, 4]
    assert session.stalled
    assert numbers(session.proceed(9)) == [5]
    assert not session.stalled
    assert session.held_back() == 0


@VERSIONS
def test_pings_behind_publishes_that_wait_are_answered(version: int) -> None:
    """MQTT-3.12.4-1: wherever the stream is cut, and also those that came before anybody looked."""
    stream = publisher.PINGREQ.join(publish(n, version, size=200) for n in range(4)) + publisher.PINGREQ
    for step in (1, 2, 3, 7, 500, 5_000):
        session = short(version)
        session.receive(stream[:450], 0.0)
        assert session.take_output() == b""
        session.look_ahead()
        for start in range(450, len(stream), step):
            session.receive(stream[start : start + step], 0.0)
        assert session.take_output() == PINGRESP * 4
        assert numbers(session.proceed(9)) == [0, 1, 2, 3]
        assert session.take_output() == b"", "no ping is answered twice"


def test_disconnect_behind_publishes_that_wait_has_its_turn_after_them() -> None:
    session = opened(will=Will("t", b"offline", 1, False))
    session.credit = 0
    session.receive(publish(0) + publisher.disconnect(), 0.0)
    session.look_ahead()
    assert not session.closed
    *publishes, ended = session.proceed(9)
    assert numbers(publishes) == [0]
    assert isinstance(ended, Ended)
    assert ended.will is None


@VERSIONS
def test_a_broken_packet_behind_publishes_that_wait_is_found_in_its_turn(version: int) -> None:
    session = short(version)
    session.receive(publish(0, version) + b"\x30\xff\xff\xff\xff\x01" + publisher.PINGREQ, 0.0)
    session.look_ahead()
    assert not session.closed
    events = session.proceed(9)
    assert numbers(events) == [0]
    assert end_of(events).reason == Reason.MALFORMED_PACKET


def test_much_that_was_held_back_is_handled_piece_by_piece() -> None:
    session = short()
    count = 4 * PIECE // 1_000
    session.receive(b"".join(publish(n, size=1_000) for n in range(count)), 0.0)
    got = []
    while session.stalled:
        got += numbers(session.proceed(7))
    assert got == list(range(count))


@given(
    st.lists(st.sampled_from(["publish", "ping", "pubrel"]), min_size=1, max_size=25),
    st.integers(1, 40),
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=12),
)
def test_whatever_the_credit_the_same_comes_out(kinds: list[str], step: int, plan: list[tuple[int, bool]]) -> None:
    packets = {"ping": publisher.PINGREQ, "pubrel": publisher.pubrel(500)}
    stream = b"".join(packets.get(kind) or publish(n) for n, kind in enumerate(kinds))
    session, got, said = short(), [], b""
    for turn, start in enumerate(range(0, len(stream), step)):
        credit, look = plan[turn % len(plan)]
        got += session.receive(stream[start : start + step], 0.0)
        if look:
            session.look_ahead()
        got += session.proceed(credit)
        said += session.take_output()
    while session.stalled:
        got += session.proceed(1)
    said += session.take_output()
    assert numbers(got) == [n for n, kind in enumerate(kinds) if kind == "publish"]
    assert said.count(PINGRESP) == kinds.count("ping")
    assert said.count(b"\x70\x02") == kinds.count("pubrel")
    assert session.held_back() == 0


# What a session says it holds


def test_an_unfinished_packet_and_what_waits_are_counted() -> None:
    session = short(credit=9)
    session.receive(publish(0, size=5_000)[:3_000], 0.0)
    assert session.holding() == 3_000
    session = short()
    session.receive(publish(0) * 100, 0.0)
    assert session.holding() == len(publish(0)) * 100


@VERSIONS
def test_a_connect_is_counted_while_it_is_checked_and_then_its_will(version: int) -> None:
    session = fresh()
    will = Will("t", b"w" * 1_000, 1, False)
    asked = Connect(version, "c", True, 60, will, username="u" * 10_000, password=b"p" * 10_000)
    session.receive(publisher.connect(asked), 0.0)
    assert session.holding() > 21_000
    session.accept(Grant("c"))
    assert 1_000 < session.holding() < 2_000
    session.lost()
    assert session.holding() == 0


def test_5_aliases_and_the_ids_of_qos_2_are_counted() -> None:
    session = opened(V5)
    for alias in (1, 2):
        one = Publish("x" * 10_000, b"", 0, 0, False, {P.TOPIC_ALIAS: alias})
        session.receive(publisher.publish(one, V5), 0.0)
    assert session.holding() == 20_000
    session.receive(publisher.publish(Publish("t", b"", 2, 7, False), V5), 0.0)
    assert session.holding() > 20_000


def test_311_ids_that_nobody_releases_are_counted() -> None:
    session = opened()
    for number in range(5_000):
        [got] = session.receive(publisher.publish(Publish("t", b"", 2, number + 1, False)), 0.0)
        assert isinstance(got, Publish)
        got.reason = 0
        session.flush_acknowledgements()
    assert session.holding() > 5_000 * 50


@pytest.mark.parametrize("count", [1, 100])
def test_5_user_properties_weigh_more_than_their_bytes(count: int) -> None:
    will = Will("t", b"", 1, False, 0, {P.USER: [("", "")] * count})
    session = opened(V5, will=will)
    assert session.holding() >= 150 * count
