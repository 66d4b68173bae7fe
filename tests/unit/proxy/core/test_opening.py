"""Opening a connection, as both standards want it: CONNECT is checked, accepted or refused. Pure: bytes in and out."""

from __future__ import annotations

import pytest

from lab.proxy.core import data_types
from lab.proxy.core import properties as props
from lab.proxy.core.data_types import Reader
from lab.proxy.core.opening import Grant, Limits, refusal
from lab.proxy.core.packets import V5, V311, Connect, Ended, Publish, Will, connack
from lab.proxy.core.properties import P
from lab.proxy.core.reasons import Reason
from lab.proxy.core.table import State
from tests.support import publisher
from tests.support.sessions_made import VERSIONS, end_of, fresh, opened


def connack_properties(raw: bytes) -> dict[int, object]:
    """The property list of a 5.0 CONNACK."""
    reader = Reader(raw, 1, len(raw))
    reader.varint()
    reader.take(2)
    saved = props.ALLOWED
    props.ALLOWED = {"any": frozenset(P)}
    try:
        return props.read(reader, "any")
    finally:
        props.ALLOWED = saved


@VERSIONS
def test_first_packet_must_be_connect(version: int) -> None:
    session = fresh()
    ended = end_of(session.receive(publisher.publish(Publish("t", b"", 0, 0, False), version), 0.0))
    assert ended.reason == Reason.PROTOCOL_ERROR
    assert session.take_output() == b""


@VERSIONS
def test_second_connect_is_a_protocol_error(version: int) -> None:
    session = opened(version)
    ended = end_of(session.receive(publisher.connect(Connect(version, "c", True, 60)), 0.0))
    assert ended.reason == Reason.PROTOCOL_ERROR
    assert (session.take_output()[:1] == b"\xe0") == (version == V5)


def test_another_protocol_name_closes_without_an_answer() -> None:
    session = fresh()
    session.receive(data_types.frame(0x10, data_types.text("HTTP"), b"\x04\x02\0\0", data_types.text("c")), 0.0)
    assert session.state is State.CLOSED
    assert session.take_output() == b""


@pytest.mark.parametrize("opening", [data_types.text("MQTT") + b"\x06", data_types.text("MQIsdp") + b"\x03"])
def test_another_protocol_level_is_told_so(opening: bytes) -> None:
    session = fresh()
    ended = end_of(session.receive(data_types.frame(0x10, opening, b"\x02\0\0", data_types.text("c")), 0.0))
    assert ended.reason == Reason.UNSUPPORTED_VERSION
    assert session.take_output() == b"\x20\x02\x00\x01"


@VERSIONS
@pytest.mark.parametrize("flags", [0x03, 0x1E, 0x0A, 0x12, 0x22])
def test_connect_flags_are_checked(version: int, flags: int) -> None:
    """Reserved bit; will QoS 3; will QoS or retain without a will."""
    session = fresh()
    none = b"\0" if version == V5 else b""
    session.receive(
        data_types.frame(0x10, data_types.text("MQTT"), bytes((version, flags)), b"\0\0", none, data_types.text("c")),
        0.0,
    )
    assert session.state is State.CLOSED


def test_311_password_needs_a_user_name() -> None:
    session = fresh()
    session.receive(publisher.connect(Connect(V311, "c", True, 0, password=b"x")), 0.0)
    assert session.state is State.CLOSED


def test_5_password_needs_no_user_name() -> None:
    [event] = fresh().receive(publisher.connect(Connect(V5, "c", True, 0, password=b"x")), 0.0)
    assert isinstance(event, Connect)
    assert event.password == b"x"


@VERSIONS
def test_connect_must_be_whole_and_end_with_its_last_field(version: int) -> None:
    whole = publisher.connect(Connect(version, "c", True, 0))
    for body in (whole[2:] + b"x", whole[2:-1]):
        session = fresh()
        session.receive(data_types.frame(0x10, body), 0.0)
        assert session.state is State.CLOSED


@VERSIONS
def test_connack_comes_first_and_says_whether_a_session_was_there(version: int) -> None:
    session = fresh()
    session.receive(publisher.connect(Connect(version, "c", False, 60)) + publisher.PINGREQ, 0.0)
    assert session.take_output() == b""
    session.accept(Grant("c", present=True))
    answer = session.take_output()
    assert answer[0] == 0x20
    assert answer[2:4] == b"\x01\x00"
    assert answer.endswith(b"\xd0\x00")


@VERSIONS
def test_nothing_is_processed_after_a_refused_connect(version: int) -> None:
    session = fresh()
    more = publisher.publish(Publish("t", b"x", 0, 0, False), version)
    session.receive(publisher.connect(Connect(version, "c", True, 0)) + more, 0.0)
    [ended] = session.refuse(Reason.NOT_AUTHORIZED, "no")
    assert isinstance(ended, Ended)
    assert session.take_output()[2:4] == (b"\x00\x87" if version == V5 else b"\x00\x05")
    assert session.receive(more, 0.0) == []


def test_311_refusals_have_their_return_codes() -> None:
    for reason, code in ((Reason.CLIENT_ID_NOT_VALID, 2), (Reason.SERVER_BUSY, 3), (Reason.BAD_USER_OR_PASSWORD, 4)):
        session = fresh()
        session.receive(publisher.connect(Connect(V311, "c", True, 0)), 0.0)
        session.refuse(reason, "no")
        assert session.take_output() == bytes((0x20, 2, 0, code))


def test_311_an_empty_client_id_needs_a_clean_session() -> None:
    assert refusal(Connect(V311, "", True, 0)) is None
    no = refusal(Connect(V311, "", False, 0))
    assert no is not None
    assert no[0] is Reason.CLIENT_ID_NOT_VALID


@VERSIONS
def test_client_ids_of_any_length_are_taken(version: int) -> None:
    for name in ("0", "abcdefghijklmnopqrstuvw", "x" * 1000):
        [event] = fresh().receive(publisher.connect(Connect(version, name, True, 0)), 0.0)
        assert isinstance(event, Connect)
        assert event.client_id == name


def test_5_an_assigned_client_id_is_told() -> None:
    session = fresh()
    session.receive(publisher.connect(Connect(V5, "", True, 10)), 0.0)
    session.accept(Grant("auto-1", assigned=True))
    assert connack_properties(session.take_output())[P.ASSIGNED_CLIENT_ID] == "auto-1"


def test_5_connack_tells_the_limits() -> None:
    session = fresh(Limits(5000, 7, 3, 30, 100))
    session.receive(publisher.connect(Connect(V5, "c", True, 0, properties={P.SESSION_EXPIRY: 999})), 0.0)
    session.accept(Grant("c"))
    told = connack_properties(session.take_output())
    assert told[P.RECEIVE_MAXIMUM] == 7
    assert told[P.MAXIMUM_PACKET_SIZE] == 5000
    assert told[P.TOPIC_ALIAS_MAXIMUM] == 3
    assert told[P.SERVER_KEEP_ALIVE] == 30
    assert told[P.SESSION_EXPIRY] == 100
    assert told[P.WILDCARDS_AVAILABLE] == told[P.SHARED_AVAILABLE] == told[P.SUBSCRIPTION_IDS_AVAILABLE] == 0
    assert (session.keep_alive, session.expiry) == (30, 100)


def test_5_without_a_server_keep_alive_the_clients_own_holds() -> None:
    session = fresh()
    session.receive(publisher.connect(Connect(V5, "c", True, 20)), 0.0)
    session.accept(Grant("c"))
    assert P.SERVER_KEEP_ALIVE not in connack_properties(session.take_output())
    assert session.keep_alive == 20


def test_5_enhanced_authentication_is_refused() -> None:
    no = refusal(Connect(V5, "c", True, 0, properties={P.AUTH_METHOD: "SCRAM-SHA-1"}))
    assert no is not None
    assert no[0] is Reason.BAD_AUTHENTICATION_METHOD


def test_5_auth_without_a_method_is_a_protocol_error() -> None:
    session = opened(V5)
    assert end_of(session.receive(b"\xf0\x00", 0.0)).reason == Reason.PROTOCOL_ERROR


@pytest.mark.parametrize(
    "properties",
    [{P.RECEIVE_MAXIMUM: 0}, {P.MAXIMUM_PACKET_SIZE: 0}, {P.REQUEST_PROBLEM_INFO: 2}, {P.AUTH_DATA: b"x"}],
)
def test_5_connect_properties_are_checked(properties: dict[int, object]) -> None:
    session = fresh()
    ended = end_of(session.receive(publisher.connect(Connect(V5, "c", True, 0, properties=properties)), 0.0))
    assert ended.reason == Reason.PROTOCOL_ERROR
    assert session.take_output()[:4] == b"\x20\x03\x00\x82"


def test_5_a_property_may_stand_once_and_only_where_it_belongs() -> None:
    twice = bytes((P.SESSION_EXPIRY, 0, 0, 0, 1)) * 2
    alien = bytes((P.TOPIC_ALIAS, 0, 1))
    for raw, reason in ((twice, Reason.PROTOCOL_ERROR), (alien, Reason.MALFORMED_PACKET)):
        session = fresh()
        body = data_types.text("MQTT") + b"\x05\x02\0\0" + data_types.varint(len(raw)) + raw + data_types.text("c")
        assert end_of(session.receive(data_types.frame(0x10, body), 0.0)).reason == reason


def test_before_connack_only_so_much_is_held() -> None:
    session = fresh(Limits(maximum_packet_size=1024))
    session.receive(publisher.connect(Connect(V311, "c", True, 0)), 0.0)
    assert session.receive(b"\x30" * 1000, 0.0) == []
    assert end_of(session.receive(b"\x30" * 100, 0.0)).reason == Reason.PACKET_TOO_LARGE


def test_311_clean_session_decides_the_expiry() -> None:
    for clean, expiry in ((True, 0), (False, Limits().session_expiry_maximum)):
        session = fresh()
        session.receive(publisher.connect(Connect(V311, "c", clean, 0)), 0.0)
        session.accept(Grant("c"))
        assert session.expiry == expiry


def test_the_password_is_not_kept() -> None:
    session = opened(V311, username="u", password=b"secret")
    assert session.connect is None
    assert "secret" not in repr(Connect(V311, "c", True, 0, username="u", password=b"secret"))


# CONNACK and what a client takes


@pytest.mark.parametrize("maximum", range(1, 70))
@pytest.mark.parametrize("client_id", ["c", ""])
def test_5_connack_fits_what_the_client_takes(maximum: int, client_id: str) -> None:
    """MQTT-3.1.2-24, 3.2.0-1: properties are left out until it fits; where it cannot, the connection ends."""
    session = fresh()
    asked = Connect(V5, client_id, True, 10, properties={P.MAXIMUM_PACKET_SIZE: maximum})
    publish = publisher.publish(Publish("t", b"", 1, 1, False), V5)
    session.receive(publisher.connect(asked) + publish, 0.0)
    events = session.accept(Grant("auto-1", assigned=not client_id))
    said = session.take_output()
    assert len(said) <= maximum
    if session.state is State.OPEN:
        assert said[0] == 0x20
        assert said[3] == 0
        assert [type(event) for event in events] == [Publish]
        assert client_id or connack_properties(said)[P.ASSIGNED_CLIENT_ID] == "auto-1"
    else:
        end = end_of(events)
        assert (end.reason, end.will, end.fault) == (Reason.PACKET_TOO_LARGE, None, False)
        assert said == (b"\x20\x03\x00\x95\x00" if maximum >= 5 else b"")
    assert (session.state is State.OPEN) == (maximum >= (5 if client_id else 14))


def test_5_what_connack_left_out_holds_as_the_standard_says() -> None:
    session = opened(V5, Limits(receive_maximum=2), properties={P.MAXIMUM_PACKET_SIZE: 5})
    for number in range(1, 10):
        assert len(session.receive(publisher.publish(Publish("t", b"", 1, number, False), V5), 0.0)) == 1


@pytest.mark.parametrize(
    ("version", "reason", "said"),
    [
        (V5, Reason.SHUTTING_DOWN, b"\x20\x03\x00\x88\x00"),
        (V5, Reason.SESSION_TAKEN_OVER, b"\x20\x03\x00\x89\x00"),
        (V5, Reason.SERVER_BUSY, b"\x20\x03\x00\x89\x00"),
        (V311, Reason.SHUTTING_DOWN, b"\x20\x02\x00\x03"),
        (V311, Reason.SERVER_BUSY, b"\x20\x02\x00\x03"),
        (V311, Reason.QUOTA_EXCEEDED, b"\x20\x02\x00\x03"),
    ],
)
def test_an_end_while_connect_is_checked_is_a_connack_with_a_code_that_it_has(
    version: int, reason: Reason, said: bytes
) -> None:
    session = fresh()
    session.receive(publisher.connect(Connect(version, "c", True, 0)), 0.0)
    session.end(reason, "reason")
    assert session.take_output() == said


@pytest.mark.parametrize("reason", list(Reason))
def test_5_connack_says_only_what_table_3_1_has(reason: Reason) -> None:
    allowed = {0x00, *range(0x80, 0x8B), 0x8C, 0x90, 0x95, 0x97, 0x99, *range(0x9A, 0xA0)}
    assert reason < Reason.UNSPECIFIED or connack(V5, reason)[3] in allowed


@VERSIONS
def test_only_who_breaks_the_standard_is_at_fault(version: int) -> None:
    session = fresh()
    session.receive(publisher.connect(Connect(version, "c", True, 0)), 0.0)
    assert not end_of(session.refuse(Reason.BAD_USER_OR_PASSWORD, "wrong")).fault
    assert not end_of(opened(version).end(Reason.QUOTA_EXCEEDED, "full")).fault
    assert not end_of(opened(version).lost()).fault
    assert end_of(opened(version).receive(b"\x00\x00", 0.0)).fault


@pytest.mark.parametrize(("version", "said"), [(V5, b"\x20\x03\x00\x97\x00"), (V311, b"\x20\x02\x00\x03")])
@pytest.mark.parametrize("size", [9, 10, 300, 60_000])
def test_half_a_connect_is_answered_when_there_is_no_room_for_the_rest(version: int, said: bytes, size: int) -> None:
    session = fresh()
    will = Will("t", b"x" * 65_000, 1, False)
    session.receive(publisher.connect(Connect(version, "c", True, 60, will))[: size + 4], 0.0)
    end = end_of(session.end(Reason.QUOTA_EXCEEDED, "full"))
    assert (end.will, end.fault) == (None, False)
    assert session.take_output() == said


def test_a_few_bytes_that_end_early_are_not_answered() -> None:
    for raw in (b"\x10", b"\x10\xff", b"\x10\xff\xff\xff", b"\x30\xff"):
        session = fresh()
        session.receive(raw, 0.0)
        session.end(Reason.UNSPECIFIED, "late")
        assert session.take_output() == b""
