"""What a client publishes: topic aliases, the three QoS, and acknowledgements in the order of arrival.

Rules that hold here: an acknowledgement exists only after its publish was decided; acknowledgements leave in
the order the publishes came (3.1.1 and 5.0 section 4.6); the DUP flag decides nothing; a QoS 2 packet id that
is being produced or was received is not produced a second time.
"""

from __future__ import annotations

from collections import deque

from lab.proxy.core import properties as props
from lab.proxy.core.data_types import Reader, utf8
from lab.proxy.core.opening import Limits
from lab.proxy.core.packets import PENDING, V5, Publish, acknowledgement, check_topic
from lab.proxy.core.properties import P, Properties
from lab.proxy.core.reasons import PERMANENT, ProtocolError, Reason, RefusedError, forbidden, malformed
from lab.proxy.core.table import QOS2, Exchange, Step

_TOPICS: dict[bytes, str] = {}
"""Topic names already checked. The same few names come in every publish; checking costs more than looking up."""
_TOPICS_MAX = 20_000
_TOPIC_BYTES_MAX = 256
"""Longer names are checked each time, so that remembering costs at most some 13 MB."""
PACKET_IDS = 65_535
"""As many packet ids as there are; more answers than these cannot be due."""
EXCHANGE_BYTES, FLIGHT_BYTES = 100, 200
"""What a QoS 2 packet id and an unanswered publish take here; measured."""
DETAIL_MAX = 500
"""Characters of a reason string."""
EXPLAIN_BYTES = 4 * DETAIL_MAX + 16
"""A client whose Maximum Packet Size is below that of the longest acknowledgement gets no reason strings."""


def _topic(raw: bytes) -> str:
    """Check a topic name and remember it."""
    topic = utf8(raw)
    if topic:
        check_topic(topic)
    if len(raw) <= _TOPIC_BYTES_MAX:
        if len(_TOPICS) >= _TOPICS_MAX:
            _TOPICS.clear()
        _TOPICS[raw] = topic
    return topic


class InboundPublishes:
    """The publish side of one open connection. `out` collects the bytes to send."""

    __slots__ = (
        "_alias_maximum",
        "_aliases",
        "_earlier",
        "_explain",
        "_quota",
        "_received",
        "_v5",
        "exchanges",
        "flights",
        "out",
    )

    def __init__(self, out: list[bytes], version: int, limits: Limits, explain: bool, received: frozenset[int]) -> None:
        self.out = out
        self._v5 = version == V5
        self._quota = limits.receive_maximum
        self._alias_maximum = limits.topic_alias_maximum
        self._explain = explain
        self._aliases: dict[int, str] | None = None
        self.flights: deque[Publish] = deque()
        """Publishes of QoS 1 and 2 without an acknowledgement, oldest first."""
        self.exchanges = dict.fromkeys(received, Exchange.RECEIVED)
        """QoS 2 packet ids that are not free."""
        self._earlier = set(received)
        """Those of them that this connection has not seen yet: the quota is each connection's own (5.0 section 4.9)."""
        self._received = 0
        """Ids of this connection that wait for PUBREL."""

    def publish(self, flags: int, data: bytes, body: int, stop: int) -> Publish | None:
        """Read a PUBLISH; None when it repeats a QoS 2 packet id and must not be produced again."""
        if stop - body < 2:
            raise malformed("A PUBLISH is too short for a topic.")
        at = body + 2 + (data[body] << 8) + data[body + 1]
        if at > stop:
            raise malformed("A PUBLISH ends inside its topic.")
        raw = data[body + 2 : at]
        topic = _TOPICS.get(raw)
        if topic is None:
            topic = _topic(raw)
        qos = flags >> 1 & 3
        packet_id = 0
        if qos:
            packet_id = _packet_id(qos, data, at, stop)
            at += 2
        elif flags & 8:
            raise malformed("DUP is set on a QoS 0 publish.")
        properties = None
        if self._v5:
            if at < stop and data[at] == 0:
                at += 1
            else:
                properties, at = _properties(data, at, stop)
        if properties or not topic:
            topic = self._alias(topic, properties)
        publish = Publish(topic, data[at:stop], qos, packet_id, flags & 1 == 1, properties)
        if qos:
            return self._enqueue(publish)
        return publish

    def _enqueue(self, publish: Publish) -> Publish | None:
        """A repeat is looked up before it is counted: it needs no room of its own."""
        if publish.qos == 2 and publish.packet_id in self.exchanges:
            self._repeated(publish)
            return None
        if self._v5 and len(self.flights) + self._received >= self._quota:
            raise ProtocolError(Reason.RECEIVE_MAXIMUM_EXCEEDED, "More publishes in flight than Receive Maximum.")
        if publish.qos == 2:
            self._step(publish.packet_id, Step.PUBLISH)
        self.flights.append(publish)
        return publish

    def _repeated(self, publish: Publish) -> None:
        """A QoS 2 packet id that is not free: nothing is produced, and what was received is answered again."""
        if self._step(publish.packet_id, Step.PUBLISH) == "wait":
            return
        if publish.packet_id in self._earlier:
            self._earlier.discard(publish.packet_id)
            self._received += 1
        if len(self.flights) >= PACKET_IDS:
            raise ProtocolError(Reason.RECEIVE_MAXIMUM_EXCEEDED, "More publishes unanswered than there are packet ids.")
        publish.reason = Reason.SUCCESS
        publish.payload, publish.properties = b"", None
        self.flights.append(publish)
        self.flush_acknowledgements()

    def _step(self, packet_id: int, step: Step) -> str:
        """Move one QoS 2 packet id along the table and say what to do."""
        before = self.exchanges.get(packet_id, Exchange.FREE)
        if (before, step) not in QOS2:
            raise forbidden(f"{step.name} for packet id {packet_id}, which is {before.name.lower()}.")
        action, after = QOS2[before, step]
        if packet_id in self._earlier:
            if after is Exchange.FREE:
                self._earlier.discard(packet_id)
        else:
            self._received += (after is Exchange.RECEIVED) - (before is Exchange.RECEIVED)
        if after is Exchange.FREE:
            self.exchanges.pop(packet_id, None)
        else:
            self.exchanges[packet_id] = after
        return action

    def _alias(self, topic: str, properties: Properties | None) -> str:
        """Apply a topic alias (5.0 section 3.3.2.3.4) and check what a publish may carry."""
        properties = properties or {}
        if P.RESPONSE_TOPIC in properties:
            check_topic(properties[P.RESPONSE_TOPIC])
        alias = properties.pop(P.TOPIC_ALIAS, None)
        if alias is None:
            if topic:
                return topic
            raise ProtocolError(
                Reason.PROTOCOL_ERROR if self._v5 else Reason.TOPIC_NAME_INVALID, "A PUBLISH has no topic."
            )
        if not 1 <= alias <= self._alias_maximum:
            raise ProtocolError(Reason.TOPIC_ALIAS_INVALID, f"Topic alias {alias} is out of range.")
        if self._aliases is None:
            self._aliases = {}
        if topic:
            self._aliases[alias] = topic
        elif alias not in self._aliases:
            raise forbidden(f"Topic alias {alias} was never set.")
        return self._aliases[alias]

    def release(self, packet_id: int) -> None:
        """PUBREL: finish a QoS 2 exchange."""
        missing = self._step(packet_id, Step.PUBREL) == "PUBCOMP not found"
        reason = Reason.PACKET_ID_NOT_FOUND if missing and self._v5 else Reason.SUCCESS
        self.out.append(acknowledgement(0x70, packet_id, reason))

    def flush_acknowledgements(self) -> None:
        """Acknowledge every publish at the head that has been decided.

        Raises ProtocolError with the reason of a refusal where the version has no way to say no (3.1.1).
        """
        flights, out = self.flights, self.out
        while flights and flights[0].reason != PENDING:
            publish = flights.popleft()
            if publish.qos == 1 and not publish.reason:
                out.append(b"\x40\x02" + publish.packet_id.to_bytes(2, "big"))
            else:
                self._answer(publish)

    def _answer(self, publish: Publish) -> None:
        refused = publish.reason >= Reason.UNSPECIFIED
        if refused and not self._v5:
            if not publish.acknowledge or publish.reason not in PERMANENT:
                raise RefusedError(Reason(publish.reason), publish.detail or "A publish was refused.")
            publish.reason, refused = Reason.SUCCESS, False
        if publish.qos == 2 and self.exchanges.get(publish.packet_id) is Exchange.PRODUCING:
            self._step(publish.packet_id, Step.REFUSED if refused else Step.CONFIRMED)
        first = 0x40 if publish.qos == 1 else 0x50
        detail = publish.detail[:DETAIL_MAX] if publish.detail and self._explain else None
        self.out.append(acknowledgement(first, publish.packet_id, publish.reason, detail))

    def holding(self) -> int:
        """About how many bytes are kept for this client beside the publishes that Kafka is to decide."""
        size = EXCHANGE_BYTES * len(self.exchanges)
        if len(self.flights) > self._quota:
            size += FLIGHT_BYTES * (len(self.flights) - self._quota)
        if self._aliases:
            size += sum(map(len, self._aliases.values()))
        return size

    def received(self) -> frozenset[int]:
        """The QoS 2 packet ids that a resumed session must still know."""
        return frozenset(number for number, state in self.exchanges.items() if state is Exchange.RECEIVED)


def _packet_id(qos: int, data: bytes, at: int, stop: int) -> int:
    if qos == 3:
        raise malformed("A PUBLISH has QoS 3.")
    packet_id = data[at] << 8 | data[at + 1] if at + 2 <= stop else 0
    if not packet_id:
        raise malformed("A PUBLISH above QoS 0 has no packet identifier.")
    return packet_id


def _properties(data: bytes, at: int, stop: int) -> tuple[Properties | None, int]:
    reader = Reader(data, at, stop)
    return props.read(reader, "PUBLISH") or None, reader.position
