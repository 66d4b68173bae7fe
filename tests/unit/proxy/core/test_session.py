"""An open connection, as both standards want it: answering and ending. Pure: bytes in, events and bytes out."""

from __future__ import annotations

import pytest

from lab.proxy.core import data_types
from lab.proxy.core import properties as props
from lab.proxy.core.opening import Grant, Limits
from lab.proxy.core.packets import NO_SUBSCRIPTIONS, V5, V311, Connect, Publish, Will
from lab.proxy.core.properties import P
from lab.proxy.core.reasons import Reason
from lab.proxy.core.table import State
from tests.support import publisher
from tests.support.sessions_made import VERSIONS, end_of, fresh, opened

WILL = Will("t/status", b"offline", 1, False)

# Fixed headers


@VERSIONS
@pytest.mark.parametrize("raw", [b"\xc1\x00", b"\x60\x02\x00\x01", b"\x80\x05\x00\x01\x00\x01a", b"\xe1\x00"])
def test_reserved_flags_close(version: int, raw: bytes) -> None:
    session = opened(version)
    assert end_of(session.receive(raw, 0.0)).reason == Reason.MALFORMED_PACKET


@VERSIONS
@pytest.mark.parametrize("kind", [0x00, 0x20, 0x40, 0x50, 0x70, 0x90, 0xB0, 0xD0])
def test_packets_that_only_a_server_sends_close(version: int, kind: int) -> None:
    session = opened(version)
    end_of(session.receive(bytes((kind, 2, 0, 1)), 0.0))
    assert session.state is State.CLOSED


@VERSIONS
def test_a_packet_above_the_limit_closes(version: int) -> None:
    session = opened(version, Limits(maximum_packet_size=1024))
    big = publisher.publish(Publish("t", b"x" * 2000, 1, 1, False), version)
    assert end_of(session.receive(big, 0.0)).reason == Reason.PACKET_TOO_LARGE


@VERSIONS
def test_only_5_asks_for_the_shortest_remaining_length(version: int) -> None:
    session = opened(version)
    raw = publisher.publish(Publish("t", b"x", 0, 0, False), version)
    found = session.receive(raw[:1] + bytes((raw[1] | 0x80, 0x80, 0x80, 0x00)) + raw[2:], 0.0)
    if version == V5:
        assert end_of(found).reason == Reason.MALFORMED_PACKET
    else:
        assert [type(one) for one in found] == [Publish]


# SUBSCRIBE, UNSUBSCRIBE, PINGREQ


def test_311_subscribe_is_refused_per_filter_and_the_connection_lives() -> None:
    session = opened()
    session.receive(publisher.subscribe(0x0102, "a", "b/#", "+"), 0.0)
    assert session.take_output() == b"\x90\x05\x01\x02\x80\x80\x80"
    assert session.state is State.OPEN


def test_5_subscribe_is_refused_per_filter_and_the_connection_lives() -> None:
    session = opened(V5)
    session.receive(publisher.subscribe(0x0102, "a", "b", version=V5), 0.0)
    reason = props.write({P.REASON_STRING: NO_SUBSCRIPTIONS})
    assert session.take_output() == data_types.frame(0x90, b"\x01\x02", reason, b"\x83\x83")
    assert session.state is State.OPEN


def test_5_suback_leaves_its_reason_out_where_it_is_not_wanted_or_does_not_fit() -> None:
    for asked, count in (({P.REQUEST_PROBLEM_INFO: 0}, 2), ({P.MAXIMUM_PACKET_SIZE: 2100}, 2080)):
        session = opened(V5, properties=asked)
        session.receive(publisher.subscribe(9, *("a",) * count, version=V5), 0.0)
        assert session.take_output() == data_types.frame(0x90, b"\0\x09\0", b"\x83" * count)


@VERSIONS
def test_unsubscribe_is_answered(version: int) -> None:
    session = opened(version)
    session.receive(publisher.unsubscribe(9, "a", "b", version=version), 0.0)
    assert session.take_output() == (b"\xb0\x05\x00\x09\x00\x11\x11" if version == V5 else b"\xb0\x02\x00\x09")


@VERSIONS
def test_subscribe_and_unsubscribe_name_a_filter(version: int) -> None:
    for raw in (publisher.subscribe(1, version=version), publisher.unsubscribe(1, version=version)):
        session = opened(version)
        assert end_of(session.receive(raw, 0.0)).reason == Reason.PROTOCOL_ERROR


@VERSIONS
@pytest.mark.parametrize("topic_filter", ["", "a#", "#/a", "a/b+", "+a/b"])
def test_topic_filters_are_checked(version: int, topic_filter: str) -> None:
    session = opened(version)
    end_of(session.receive(publisher.subscribe(1, topic_filter, version=version), 0.0))
    assert session.state is State.CLOSED


@pytest.mark.parametrize(("version", "options"), [(V311, 0x04), (V311, 3), (V5, 3), (V5, 0x40), (V5, 0x30)])
def test_subscription_options_are_checked(version: int, options: int) -> None:
    session = opened(version)
    none = b"\0" if version == V5 else b""
    end_of(session.receive(data_types.frame(0x82, b"\0\1", none, data_types.text("a"), bytes((options,))), 0.0))
    assert session.state is State.CLOSED


@pytest.mark.parametrize(
    ("shared", "options"), [("$share/g/a", 4), ("$share//a", 0), ("$share/g", 0), ("$share/+/a", 0)]
)
def test_5_shared_subscriptions_are_checked(shared: str, options: int) -> None:
    session = opened(V5)
    end_of(session.receive(data_types.frame(0x82, b"\0\1\0", data_types.text(shared), bytes((options,))), 0.0))
    assert session.state is State.CLOSED


@VERSIONS
def test_ping_is_answered(version: int) -> None:
    session = opened(version)
    session.receive(publisher.PINGREQ, 0.0)
    assert session.take_output() == b"\xd0\x00"


# Keep-alive, wills, the end


@VERSIONS
def test_silence_for_one_and_a_half_keep_alives_is_overdue(version: int) -> None:
    session = opened(version)
    session.receive(publisher.PINGREQ, 100.0)
    assert not session.overdue(190.0)
    assert session.overdue(190.1)


def test_keep_alive_zero_is_never_overdue() -> None:
    session = fresh()
    session.receive(publisher.connect(Connect(V311, "c", True, 0)), 0.0)
    session.accept(Grant("c"))
    assert not session.overdue(1e9)


@VERSIONS
def test_the_will_is_left_when_the_connection_is_lost(version: int) -> None:
    session = opened(version, will=WILL)
    assert end_of(session.lost()).will == WILL
    assert session.lost() == []


@VERSIONS
def test_the_will_is_dropped_on_disconnect(version: int) -> None:
    session = opened(version, will=WILL)
    ended = end_of(session.receive(publisher.disconnect(version), 0.0))
    assert (ended.reason, ended.will) == (0, None)


def test_5_disconnect_may_ask_for_the_will() -> None:
    session = opened(V5, will=WILL)
    assert end_of(session.receive(publisher.disconnect(V5, 4), 0.0)).will == WILL


@VERSIONS
def test_the_will_is_left_on_a_protocol_error_and_on_a_missed_keep_alive(version: int) -> None:
    session = opened(version, will=WILL)
    assert end_of(session.receive(b"\x00\x00", 0.0)).will == WILL
    session = opened(version, will=WILL)
    assert end_of(session.end(Reason.KEEP_ALIVE_TIMEOUT, "silence")).will == WILL


def test_no_will_of_a_client_that_was_never_accepted() -> None:
    session = fresh()
    session.receive(publisher.connect(Connect(V311, "c", True, 0, WILL)), 0.0)
    assert end_of(session.lost()).will is None


@pytest.mark.parametrize("topic", ["", "a/#", "+"])
def test_a_will_topic_is_a_topic_name(topic: str) -> None:
    session = fresh()
    session.receive(publisher.connect(Connect(V311, "c", True, 0, Will(topic, b"", 0, False))), 0.0)
    assert session.state is State.CLOSED


def test_5_will_properties_are_kept() -> None:
    will = Will("t", b"x", 1, True, 30, {P.USER: [("b", "1"), ("a", "2"), ("b", "3")], P.CONTENT_TYPE: "text"})
    [event] = fresh().receive(publisher.connect(Connect(V5, "c", True, 0, will)), 0.0)
    assert isinstance(event, Connect)
    assert event.will == will


def test_5_server_disconnect_says_why() -> None:
    session = opened(V5)
    session.end(Reason.SESSION_TAKEN_OVER, "moved")
    assert session.take_output() == data_types.frame(0xE0, b"\x8e", props.write({P.REASON_STRING: "moved"}))


def test_311_server_never_sends_disconnect() -> None:
    session = opened()
    session.end(Reason.SESSION_TAKEN_OVER, "moved")
    assert session.take_output() == b""


@VERSIONS
def test_no_disconnect_before_connack(version: int) -> None:
    session = fresh()
    session.receive(publisher.connect(Connect(version, "c", True, 0)), 0.0)
    session.end(Reason.SERVER_UNAVAILABLE, "stopping")
    assert session.take_output()[:1] in (b"", b"\x20")


@VERSIONS
def test_nothing_is_sent_or_read_after_the_end(version: int) -> None:
    session = opened(version)
    session.receive(publisher.disconnect(version), 0.0)
    assert session.take_output() == b""
    assert session.receive(publisher.PINGREQ, 0.0) == []
    assert session.end(Reason.SHUTTING_DOWN, "late") == []
    assert session.flush_acknowledgements() == []
    assert session.take_output() == b""


def test_5_disconnect_may_shorten_the_session_but_not_begin_one() -> None:
    session = opened(V5, properties={P.SESSION_EXPIRY: 60})
    session.receive(publisher.disconnect(V5, 0, {P.SESSION_EXPIRY: 5}), 0.0)
    assert session.expiry == 5
    session = opened(V5)
    raw = publisher.disconnect(V5, 0, {P.SESSION_EXPIRY: 5})
    assert end_of(session.receive(raw, 0.0)).reason == Reason.PROTOCOL_ERROR


def test_5_reason_codes_of_the_client_are_checked() -> None:
    for raw in (publisher.disconnect(V5, 0x8B), data_types.frame(0x62, b"\0\1\x80")):
        session = opened(V5)
        assert end_of(session.receive(raw, 0.0)).reason == Reason.MALFORMED_PACKET


def test_5_nothing_larger_than_the_client_takes_is_sent() -> None:
    session = opened(V5, properties={P.MAXIMUM_PACKET_SIZE: 20})
    session.receive(publisher.subscribe(1, *("a" * 1,) * 40, version=V5), 0.0)
    assert session.take_output() == b""
    session.end(Reason.SHUTTING_DOWN, "a long explanation that does not fit")
    assert session.take_output() == b"\xe0\x01\x8b"
