"""Publishing: packet ids, the three QoS, order, aliases, flow control."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.proxy.core import data_types
from lab.proxy.core import properties as props
from lab.proxy.core.opening import Grant, Limits
from lab.proxy.core.packets import V5, V311, Connect, Ended, Publish
from lab.proxy.core.properties import P
from lab.proxy.core.reasons import Reason
from lab.proxy.core.session import Session
from lab.proxy.core.table import State
from tests.support import publisher
from tests.support.sessions_made import VERSIONS, end_of, opened


def message(qos: int, packet_id: int = 0, topic: str = "t", payload: bytes = b"x", **more: object) -> Publish:
    return Publish(topic, payload, qos, packet_id, False, **more)  # type: ignore[arg-type]


def take(session: Session, one: Publish, version: int, dup: bool = False) -> list[Publish]:
    events = session.receive(publisher.publish(one, version, dup), 0.0)
    assert all(isinstance(event, Publish) for event in events), events
    return events  # type: ignore[return-value]


def ended(session: Session, raw: bytes) -> Ended:
    event = end_of(session.receive(raw, 0.0))
    assert session.state is State.CLOSED
    return event


@VERSIONS
def test_qos_0_is_never_answered(version: int) -> None:
    session = opened(version)
    [got] = take(session, message(0), version)
    got.reason = 0
    session.flush_acknowledgements()
    assert session.take_output() == b""


@VERSIONS
@pytest.mark.parametrize(("qos", "first"), [(1, 0x40), (2, 0x50)])
def test_an_acknowledgement_waits_for_the_decision(version: int, qos: int, first: int) -> None:
    session = opened(version)
    [got] = take(session, message(qos, 0x1234), version)
    session.flush_acknowledgements()
    assert session.take_output() == b""
    got.reason = 0
    session.flush_acknowledgements()
    assert session.take_output() == bytes((first, 2, 0x12, 0x34))


@VERSIONS
def test_qos_2_goes_through_pubrec_pubrel_pubcomp(version: int) -> None:
    session = opened(version)
    [got] = take(session, message(2, 7), version)
    got.reason = 0
    session.flush_acknowledgements()
    session.receive(publisher.pubrel(7), 0.0)
    assert session.take_output() == b"\x50\x02\x00\x07\x70\x02\x00\x07"
    assert take(session, message(2, 7), version), "after PUBCOMP the id is a new message's"


@VERSIONS
def test_qos_2_a_repeated_id_is_not_produced_again(version: int) -> None:
    session = opened(version)
    [got] = take(session, message(2, 7), version)
    assert take(session, message(2, 7), version, dup=True) == []
    got.reason = 0
    session.flush_acknowledgements()
    assert session.take_output() == b"\x50\x02\x00\x07"
    assert take(session, message(2, 7), version, dup=True) == []
    assert session.take_output() == b"\x50\x02\x00\x07"


@VERSIONS
def test_the_dup_flag_decides_nothing(version: int) -> None:
    session = opened(version)
    assert len(take(session, message(1, 5), version, dup=True)) == 1
    assert len(take(session, message(1, 5), version, dup=True)) == 1
    assert len(take(session, message(2, 6), version, dup=True)) == 1


@VERSIONS
def test_qos_2_a_resumed_session_still_knows_its_ids(version: int) -> None:
    session = opened(version, grant=Grant("c", present=True, received=frozenset({7})))
    assert take(session, message(2, 7), version, dup=True) == []
    assert session.take_output() == b"\x50\x02\x00\x07"
    session.receive(publisher.pubrel(7), 0.0)
    assert session.take_output() == b"\x70\x02\x00\x07"
    assert session.inbound is not None
    assert session.inbound.received() == frozenset()


@VERSIONS
def test_qos_2_what_is_left_to_the_next_connection(version: int) -> None:
    session = opened(version)
    [first] = take(session, message(2, 1), version)
    take(session, message(2, 2), version)
    first.reason = 0
    session.flush_acknowledgements()
    assert session.inbound is not None
    assert session.inbound.received() == frozenset({1})


def test_pubrel_for_an_unknown_id_is_completed() -> None:
    session = opened()
    session.receive(publisher.pubrel(9), 0.0)
    assert session.take_output() == b"\x70\x02\x00\x09"
    session = opened(V5)
    session.receive(publisher.pubrel(9), 0.0)
    assert session.take_output() == b"\x70\x03\x00\x09\x92"


@VERSIONS
def test_pubrel_before_pubrec_is_a_protocol_error(version: int) -> None:
    session = opened(version)
    take(session, message(2, 7), version)
    assert ended(session, publisher.pubrel(7)).reason == Reason.PROTOCOL_ERROR


@VERSIONS
@given(order=st.permutations(range(8)), qos=st.lists(st.sampled_from([1, 2]), min_size=8, max_size=8))
def test_acknowledgements_leave_in_the_order_of_arrival(version: int, order: list[int], qos: list[int]) -> None:
    session = opened(version)
    got = [take(session, message(qos[n], n + 1), version)[0] for n in range(8)]
    sent = b""
    for index in order:
        got[index].reason = 0
        session.flush_acknowledgements()
        sent += session.take_output()
    assert [sent[n + 3] for n in range(0, len(sent), 4)] == list(range(1, 9))


def test_5_a_refusal_is_told_with_its_reason() -> None:
    for qos, first in ((1, 0x40), (2, 0x50)):
        session = opened(V5)
        [got] = take(session, message(qos, 3), V5)
        got.reason, got.detail = Reason.QUOTA_EXCEEDED, "too much"
        session.flush_acknowledgements()
        wanted = data_types.frame(first, b"\0\3\x97", props.write({P.REASON_STRING: "too much"}))
        assert session.take_output() == wanted
        assert session.state is State.OPEN
        assert len(take(session, message(qos, 3), V5)) == 1, "a refused id is free again"


def test_311_a_refusal_closes_after_what_was_confirmed_before() -> None:
    session = opened()
    first = take(session, message(1, 1), V311)[0]
    second = take(session, message(1, 2), V311)[0]
    first.reason, second.reason = 0, Reason.UNSPECIFIED
    [end] = session.flush_acknowledgements()
    assert isinstance(end, Ended)
    assert session.take_output() == b"\x40\x02\x00\x01"


def test_5_no_reason_string_for_who_wants_none() -> None:
    for asked in ({P.REQUEST_PROBLEM_INFO: 0}, {P.MAXIMUM_PACKET_SIZE: 100}):
        session = Session(Limits(), 0.0)
        session.receive(publisher.connect(Connect(V5, "c", True, 60, properties=asked)), 0.0)
        session.accept(Grant("c"))
        session.take_output()
        [got] = take(session, message(1, 3), V5)
        got.reason, got.detail = Reason.UNSPECIFIED, "reason"
        session.flush_acknowledgements()
        assert session.take_output() == b"\x40\x03\x00\x03\x80"


@VERSIONS
def test_qos_3_is_malformed(version: int) -> None:
    assert ended(opened(version), b"\x36\x05\x00\x01t\x00\x01").reason == Reason.MALFORMED_PACKET


@VERSIONS
def test_dup_at_qos_0_is_malformed(version: int) -> None:
    raw = publisher.publish(message(0), version, dup=True)
    assert ended(opened(version), raw).reason == Reason.MALFORMED_PACKET


@VERSIONS
def test_packet_id_zero_or_missing_is_malformed(version: int) -> None:
    for raw in (
        publisher.publish(message(1, 0), version),
        b"\x32\x03\x00\x01t",
        b"\x32\x04\x00\x01t\x01",
        b"\x30\x01\x00",
    ):
        assert ended(opened(version), raw).reason == Reason.MALFORMED_PACKET


@VERSIONS
@pytest.mark.parametrize("topic", ["a/+", "#"])
def test_wildcards_in_a_topic_name_close(version: int, topic: str) -> None:
    raw = publisher.publish(message(0, topic=topic), version)
    assert ended(opened(version), raw).reason == Reason.TOPIC_NAME_INVALID


@VERSIONS
def test_an_empty_topic_closes(version: int) -> None:
    ended(opened(version), publisher.publish(message(1, 1, topic=""), version))


@VERSIONS
@pytest.mark.parametrize("raw", [b"\xff\xfe", b"\xed\xa0\x80", b"a\0b"])
def test_a_topic_is_utf8_without_nul(version: int, raw: bytes) -> None:
    none = b"\0" if version == V5 else b""
    assert (
        ended(opened(version), data_types.frame(0x30, data_types.binary(raw), none)).reason == Reason.MALFORMED_PACKET
    )


@VERSIONS
def test_topics_are_taken_as_they_are(version: int) -> None:
    for topic in ("a//b/", "\ufeffa", "A/a", "e\u0301", "x" * 65_535):
        [got] = take(opened(version), message(0, topic=topic), version)
        assert got.topic == topic


def test_5_receive_maximum_is_kept() -> None:
    session = opened(V5, Limits(receive_maximum=2))
    first = take(session, message(1, 1), V5)[0]
    take(session, message(2, 2), V5)
    first.reason = 0
    session.flush_acknowledgements()
    take(session, message(1, 3), V5)
    assert ended(session, publisher.publish(message(1, 4), V5)).reason == Reason.RECEIVE_MAXIMUM_EXCEEDED


def test_5_receive_maximum_counts_qos_2_until_pubrel_and_never_qos_0() -> None:
    session = opened(V5, Limits(receive_maximum=1))
    got = take(session, message(2, 1), V5)[0]
    got.reason = 0
    session.flush_acknowledgements()
    take(session, message(0), V5)
    session.receive(publisher.pubrel(1) + publisher.PINGREQ, 0.0)
    assert len(take(session, message(2, 2), V5)) == 1
    assert ended(session, publisher.publish(message(2, 3), V5)).reason == Reason.RECEIVE_MAXIMUM_EXCEEDED


def test_5_topic_aliases() -> None:
    session = opened(V5)
    take(session, message(0, topic="long/name", properties={P.TOPIC_ALIAS: 16}), V5)
    [got] = take(session, message(0, topic="", properties={P.TOPIC_ALIAS: 16}), V5)
    assert got.topic == "long/name"
    take(session, message(0, topic="other", properties={P.TOPIC_ALIAS: 16}), V5)
    [got] = take(session, message(0, topic="", properties={P.TOPIC_ALIAS: 16, P.USER: [("a", "b")]}), V5)
    assert (got.topic, got.properties) == ("other", {P.USER: [("a", "b")]})


@pytest.mark.parametrize(("alias", "reason"), [(0, 0x94), (17, 0x94), (3, 0x82)])
def test_5_topic_aliases_out_of_range_or_unknown_close(alias: int, reason: int) -> None:
    raw = publisher.publish(message(0, topic="", properties={P.TOPIC_ALIAS: alias}), V5)
    assert ended(opened(V5), raw).reason == reason


def test_5_aliases_do_not_outlive_the_connection() -> None:
    session = opened(V5)
    take(session, message(0, topic="a", properties={P.TOPIC_ALIAS: 1}), V5)
    raw = publisher.publish(message(0, topic="", properties={P.TOPIC_ALIAS: 1}), V5)
    ended(opened(V5), raw)


def test_5_a_publish_with_a_subscription_id_or_a_wild_response_topic_closes() -> None:
    ended(opened(V5), data_types.frame(0x30, data_types.text("t"), b"\x02\x0b\x01"))
    ended(opened(V5), publisher.publish(message(0, properties={P.RESPONSE_TOPIC: "a/#"}), V5))


def test_5_message_properties_come_through_in_order() -> None:
    properties = {P.USER: [("b", "1"), ("a", "2"), ("b", "1")], P.CONTENT_TYPE: "json", P.MESSAGE_EXPIRY: 9}
    [got] = take(opened(V5), message(0, properties=properties), V5)
    assert got.properties == properties
    assert list(got.properties[P.USER]) == properties[P.USER]


# Windows and ids that outlive a connection


def qos_2_resumed(version: int, window: int, count: int) -> Session:
    """A session resumed with so many ids received."""
    earlier = frozenset(range(1, count + 1))
    return opened(version, Limits(receive_maximum=window), Grant("c", present=True, received=earlier))


@VERSIONS
@pytest.mark.parametrize(("window", "count"), [(4, 3), (4, 4), (1_024, 1_024), (65_535, 65_535)])
def test_qos_2_a_full_window_is_resumed(version: int, window: int, count: int) -> None:
    """The PUBRECs were lost with the connection: the client sends all again, and the quota is the new connection's."""
    session = qos_2_resumed(version, window, count)
    for number in range(1, count + 1):
        assert take(session, message(2, number), version, dup=True) == []
    assert session.take_output() == b"".join(b"\x50\x02" + n.to_bytes(2, "big") for n in range(1, count + 1))
    for number in range(1, count + 1):
        session.receive(publisher.pubrel(number), 0.0)
    assert session.take_output() == b"".join(b"\x70\x02" + n.to_bytes(2, "big") for n in range(1, count + 1))
    assert session.inbound is not None
    assert session.inbound.received() == frozenset()
    assert len(take(session, message(2, 1), version)) == 1


def test_5_the_quota_begins_with_the_connection() -> None:
    """5.0 section 4.9: what waits for PUBREL from an earlier connection takes nothing from the new window."""
    session = qos_2_resumed(V5, 4, 4)
    for number in range(11, 15):
        assert len(take(session, message(2, number), V5)) == 1
    for number in range(1, 5):
        session.receive(publisher.pubrel(number), 0.0)
    assert ended(session, publisher.publish(message(2, 15), V5)).reason == Reason.RECEIVE_MAXIMUM_EXCEEDED


def test_5_a_repeat_of_an_earlier_id_counts_from_then_on() -> None:
    session = qos_2_resumed(V5, 2, 2)
    for number in (1, 2):
        take(session, message(2, number), V5, dup=True)
    assert ended(session, publisher.publish(message(2, 3), V5)).reason == Reason.RECEIVE_MAXIMUM_EXCEEDED


@VERSIONS
def test_qos_2_a_repeat_needs_no_room_in_a_full_window(version: int) -> None:
    session = opened(version, Limits(receive_maximum=2))
    first = take(session, message(2, 1), version)[0]
    take(session, message(2, 2), version)
    assert take(session, message(2, 2), version, dup=True) == []
    first.reason = 0
    session.flush_acknowledgements()
    assert take(session, message(2, 1), version, dup=True) == []
    assert session.take_output() == b"\x50\x02\x00\x01", "the repeat's PUBREC waits behind the one being produced"


@VERSIONS
def test_qos_2_repeats_without_end_are_bounded(version: int) -> None:
    session = opened(version, grant=Grant("c", present=True, received=frozenset({1})))
    take(session, message(1, 9), version)  # undecided: every answer behind it waits
    raw = publisher.publish(message(2, 1), version, dup=True)
    events = [event for _ in range(70) for event in session.receive(raw * 1_000, 0.0)]
    assert end_of(events).reason == Reason.RECEIVE_MAXIMUM_EXCEEDED


# Refusals of 3.1.1


@pytest.mark.parametrize("qos", [1, 2])
def test_311_a_refusal_is_acknowledged_where_its_rule_says_so(qos: int) -> None:
    session = opened()
    [got] = take(session, message(qos, 3), V311)
    got.reason, got.acknowledge = Reason.QUOTA_EXCEEDED, True
    session.flush_acknowledgements()
    assert session.take_output() == bytes((0x40 if qos == 1 else 0x50, 2, 0, 3))
    assert session.state is State.OPEN
    session.receive(publisher.pubrel(3), 0.0)
    assert session.state is State.OPEN


def test_311_what_kafka_could_not_take_in_time_is_never_acknowledged() -> None:
    session = opened()
    [got] = take(session, message(1, 3), V311)
    got.reason, got.acknowledge = Reason.UNSPECIFIED, True
    end = end_of(session.flush_acknowledgements())
    assert not end.fault, "the client broke nothing"
    assert session.take_output() == b""
