"""What changed between two looks at the pipeline, told as sentences. Pure."""

from __future__ import annotations

from collections import deque
from typing import Any

KEPT = 12
"""Events a panel shows: what a learner reads after one experiment."""
Topics = dict[str, dict[int, dict[str, Any]]]


class EventLog:
    """The newest events, oldest first, each once."""

    def __init__(self) -> None:
        self._events: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._topics: Topics = {}
        self._states: dict[str, str] = {}

    @property
    def events(self) -> list[dict[str, Any]]:
        return list(self._events)

    def note(self, at: float, text: str) -> None:
        """Add one sentence with its time, in seconds since the epoch."""
        self._events.append({"at": round(at, 1), "text": text})

    def look(self, at: float, topics: Topics, states: dict[str, str]) -> None:
        """Compare with the last look and note what changed; leaders come last, as the newest."""
        changed = [*replica_changes(self._topics, topics), *leader_moves(self._topics, topics)]
        for text in [*state_changes(self._states, states), *changed]:
            self.note(at, text)
        self._topics, self._states = topics or self._topics, states


def leader_moves(before: Topics, after: Topics) -> list[str]:
    """One sentence per topic and pair of brokers between which leaders moved."""
    moves: dict[tuple[str, int, int], list[int]] = {}
    for topic, number, old, new in _pairs(before, after):
        if old["leader"] != new["leader"]:
            moves.setdefault((topic, old["leader"], new["leader"]), []).append(number)
    return [_move(topic, old, new, numbers) for (topic, old, new), numbers in sorted(moves.items())]


def _move(topic: str, old: int, new: int, numbers: list[int]) -> str:
    what = f"{topic} {_partitions(numbers)}"
    if new < 0:
        return f"{what}: no leader (was broker {old})"
    return f"{what}: leader moved from broker {old} to {new}" if old >= 0 else f"{what}: broker {new} leads"


def replica_changes(before: Topics, after: Topics) -> list[str]:
    """One sentence per topic and broker that left or rejoined the in-sync replicas."""
    changes: dict[tuple[str, str, int], list[int]] = {}
    for topic, number, old, new in _pairs(before, after):
        for broker in set(old["isr"]) - set(new["isr"]):
            changes.setdefault((topic, "left", broker), []).append(number)
        for broker in set(new["isr"]) - set(old["isr"]):
            changes.setdefault((topic, "rejoined", broker), []).append(number)
    return [
        f"{topic} {_partitions(numbers)}: broker {broker} {how} the in-sync replicas"
        for (topic, how, broker), numbers in sorted(changes.items())
    ]


def state_changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """One sentence per part whose state changed; a part seen for the first time is no news."""
    return [
        f"{name}: {state}"
        for name, state in after.items()
        if name in before and before[name] not in (state, "waiting") and state != "waiting"
    ]


def _pairs(before: Topics, after: Topics) -> list[tuple[str, int, dict[str, Any], dict[str, Any]]]:
    return [
        (topic, number, before[topic][number], facts)
        for topic, partitions in after.items()
        for number, facts in partitions.items()
        if number in before.get(topic, {})
    ]


def _partitions(numbers: list[int]) -> str:
    listed = ", ".join(str(n) for n in sorted(numbers))
    return f"partition {listed}" if len(numbers) == 1 else f"partitions {listed}"
