"""The codec: what is written is read back, and any bytes give events or a protocol error."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.proxy.core import data_types
from lab.proxy.core import properties as props
from lab.proxy.core.data_types import Reader
from lab.proxy.core.opening import Limits
from lab.proxy.core.packets import V5, V311, Connect, Ended, Publish, Will
from lab.proxy.core.properties import P
from lab.proxy.core.reasons import ProtocolError
from lab.proxy.core.session import Session
from lab.proxy.core.table import State
from tests.support import publisher
from tests.support.sessions_made import opened

text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30)
topic = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0+#"), min_size=1, max_size=30)
message_properties = st.fixed_dictionaries(
    {},
    optional={
        P.PAYLOAD_FORMAT: st.integers(0, 1),
        P.MESSAGE_EXPIRY: st.integers(0, 2**32 - 1),
        P.CONTENT_TYPE: text,
        P.RESPONSE_TOPIC: topic,
        P.CORRELATION_DATA: st.binary(max_size=20),
        P.USER: st.lists(st.tuples(text, text), min_size=1, max_size=3),
    },
)
version = st.sampled_from([V311, V5])


@given(st.integers(0, data_types.MAX_VARINT))
def test_varint_round_trip(value: int) -> None:
    raw = data_types.varint(value)
    reader = Reader(raw, 0, len(raw))
    assert reader.varint() == value
    assert reader.done


def test_varint_is_at_most_four_bytes_and_shortest() -> None:
    for raw in (b"\xff\xff\xff\xff\x01", b"\x80\x00"):
        with pytest.raises(ProtocolError):
            Reader(raw, 0, len(raw)).varint()


@given(text)
def test_text_round_trip(value: str) -> None:
    raw = data_types.text(value)
    assert Reader(raw, 0, len(raw)).text() == value


@pytest.mark.parametrize("raw", [b"\x00\x01\xff", b"\x00\x03\xed\xa0\x80", b"\x00\x01\x00", b"\x00\x05ab"])
def test_text_must_be_utf8_without_surrogates_or_nul(raw: bytes) -> None:
    with pytest.raises(ProtocolError):
        Reader(raw, 0, len(raw)).text()


@given(message_properties)
def test_properties_round_trip(values: dict[int, object]) -> None:
    raw = props.write(values)
    assert props.read(Reader(raw, 0, len(raw)), "PUBLISH") == values


@given(version, topic, st.binary(max_size=300), st.integers(0, 2), st.integers(1, 65535), st.booleans(), st.data())
def test_publish_round_trip(
    version: int, topic: str, payload: bytes, qos: int, packet_id: int, retain: bool, data: st.DataObject
) -> None:
    properties = data.draw(message_properties) if version == V5 else {}
    sent = Publish(topic, payload, qos, packet_id if qos else 0, retain, properties or None)
    [got] = opened(version).receive(publisher.publish(sent, version), 0.0)
    assert isinstance(got, Publish)
    for name in ("topic", "payload", "qos", "packet_id", "retain", "properties"):
        assert getattr(got, name) == getattr(sent, name)


@given(
    version,
    text,
    st.booleans(),
    st.integers(0, 65535),
    st.none() | st.tuples(topic, st.binary(max_size=50), st.integers(0, 2), st.booleans(), st.integers(0, 2**32 - 1)),
    st.none() | text,
    st.none() | st.binary(max_size=20),
)
def test_connect_round_trip(
    version: int,
    client_id: str,
    clean: bool,
    keep_alive: int,
    will: tuple[str, bytes, int, bool, int] | None,
    username: str | None,
    password: bytes | None,
) -> None:
    if version == V311 and username is None:
        password = None
    last = Will(will[0], will[1], will[2], will[3], will[4] if version == V5 else 0) if will else None
    sent = Connect(version, client_id, clean, keep_alive, last, username, password)
    [got] = Session(Limits(), 0.0).receive(publisher.connect(sent), 0.0)
    assert got == sent


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=12), st.integers(1, 50))
def test_packets_may_be_cut_anywhere(payloads: list[bytes], step: int) -> None:
    raw = b"".join(publisher.publish(Publish("t", one, 1, n + 1, False)) for n, one in enumerate(payloads))
    session = opened()
    events = []
    for start in range(0, len(raw), step):
        events += session.receive(raw[start : start + step], 0.0)
    assert [event.payload for event in events if isinstance(event, Publish)] == payloads


@given(version, st.lists(st.binary(max_size=120), max_size=4))
@settings(max_examples=400)
def test_any_bytes_give_events_or_an_end(version: int, chunks: list[bytes]) -> None:
    for session in (opened(version), Session(Limits(), 0.0)):
        for chunk in chunks:
            for event in session.receive(chunk, 0.0):
                if isinstance(event, Ended):
                    assert session.state is State.CLOSED
            session.take_output()


@given(version, st.integers(0, 15), st.integers(0, 15), st.binary(max_size=60))
@settings(max_examples=600)
def test_any_single_packet_gives_events_or_an_end(version: int, kind: int, flags: int, body: bytes) -> None:
    session = opened(version)
    events = session.receive(data_types.frame(kind << 4 | flags, body), 0.0)
    ended = [event for event in events if isinstance(event, Ended)]
    assert len(ended) == (session.state is State.CLOSED)


def test_a_256_mb_announcement_costs_nothing() -> None:
    session = opened(V5)
    [ended] = session.receive(b"\x30\xff\xff\xff\x7f", 0.0)
    assert isinstance(ended, Ended)
    assert ended.reason == 0x95
    assert session.take_output()[:2] == b"\xe0" + session_length(session, ended)


def session_length(_session: Session, ended: Ended) -> bytes:
    return bytes((1 + 1 + 3 + len(ended.cause),))


def test_a_slow_sender_holds_only_what_it_sent() -> None:
    session = opened()
    raw = publisher.publish(Publish("t", b"x" * 100_000, 0, 0, False))
    for start in range(0, len(raw) - 1, 500):
        assert session.receive(raw[start : min(start + 500, len(raw) - 1)], 0.0) == []
    [got] = session.receive(raw[-1:], 0.0)
    assert isinstance(got, Publish)
    assert len(got.payload) == 100_000
