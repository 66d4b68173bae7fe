"""Consumer groups, asked about without joining one: members and their partitions, committed offsets, lag."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from lab.base.addresses import Addresses
from lab.base.pace import allow
from lab.kafka import client
from lab.kafka.topics import ASK_S, TopicReader, answered

Place = tuple[str, int]
"""A topic and the number of a partition."""


@dataclass(frozen=True)
class GroupPosition:
    """The next offset of the group and the end, of each partition of one topic."""

    committed: Mapping[int, int]
    """Where the group has committed nothing, it is at the partition's first record."""
    ends: Mapping[int, int]

    @property
    def behind(self) -> int:
        """Records that the group has before it, in all partitions."""
        return sum(max(0, end - self.committed[number]) for number, end in self.ends.items())


@dataclass(frozen=True)
class Group:
    """A consumer group: which partitions each member holds, committed offsets and lag per partition."""

    name: str
    state: str
    """Kafka's word: Stable, Empty, PreparingRebalance, CompletingRebalance."""
    members: dict[str, tuple[Place, ...]]
    committed: dict[Place, int]
    lag: dict[Place, int]

    @property
    def total_lag(self) -> int:
        """Records between the committed offsets and the end, over all partitions."""
        return sum(self.lag.values())


class GroupReader:
    """Asks about one group. Use it as a context manager; every method may raise ServiceError."""

    def __init__(self, addresses: Addresses, group: str) -> None:
        self._addresses, self._group = addresses, group
        self._topics = TopicReader(addresses, group)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._topics.close()

    def position(self, topic: str) -> GroupPosition:
        """Where the group is; its committed offsets are read before the ends."""
        committed = self._topics.committed([topic])
        bounds = self._topics.bounds(topic)
        at = {number: committed.get((topic, number), first) for number, (first, _) in bounds.items()}
        return GroupPosition(at, {number: end for number, (_, end) in bounds.items()})

    def ends(self, topic: str) -> dict[int, int]:
        """The end offset of each partition; nothing when there is no such topic."""
        return self._topics.ends(topic)

    def look(self) -> Group | None:
        """The group as it is now; None when Kafka knows no such group."""
        admin = client.admin(self._addresses)
        found = [one for one in answered(lambda: admin.list_groups(self._group, timeout=allow(ASK_S))) if not one.error]
        members = {one.id: tuple(places(one.assignment or b"")) for one in (found[0].members if found else [])}
        committed = self._topics.committed(self._topics.names())
        if not members and not committed and (not found or found[0].state in ("", "Dead")):
            return None
        ends = self._topics.all_ends()
        lag = {
            (topic, number): ends[topic][number] - at
            for (topic, number), at in committed.items()
            if number in ends[topic]
        }
        return Group(self._group, found[0].state if found else "Empty", members, committed, lag)


def places(data: bytes) -> list[Place]:
    """Each place in a member's assignment, as consumers encode it; what cannot be read is left out.

    Source: Apache Kafka, ConsumerProtocolAssignment.json: version int16, then per topic its name and int32 partitions.
    """
    found: list[Place] = []
    try:
        (count,), at = struct.unpack_from(">i", data, 2), 6
        for _ in range(count):
            (length,) = struct.unpack_from(">h", data, at)
            topic, at = data[at + 2 : at + 2 + length].decode(), at + 2 + length
            (many,) = struct.unpack_from(">i", data, at)
            found += [(topic, number) for number in struct.unpack_from(f">{many}i", data, at + 4)]
            at += 4 + 4 * many
    except (struct.error, UnicodeDecodeError):
        return sorted(found)
    return sorted(found)


def lag(group: Mapping[str, Any]) -> dict[str, int | None]:
    """Records still to read per `topic/partition` that the group committed in or reads; None where that is unknown."""
    committed, ends = group.get("committed", {}), group.get("ends", {})
    read = {place for places in group.get("members", {}).values() for place in places}
    return {place: _behind(committed.get(place), ends.get(place)) for place in sorted({*committed, *read})}


def _behind(committed: int | None, end: int | None) -> int | None:
    """Nobody commits in a partition before its first record is read; while it never held one, nobody is behind."""
    if end is None or (committed is None and end > 0):
        return None
    return max(0, end - (committed or 0))


def whole_lag(behind: Mapping[str, int | None]) -> int | None:
    """The lag in all places together; None when it is unknown in one of them, or when there is none."""
    known = [part for part in behind.values() if part is not None]
    return sum(known) if known and len(known) == len(behind) else None
