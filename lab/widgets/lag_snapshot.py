"""The lag view's snapshot: a consumer group's lag over five minutes, with its rebalances. Pure."""

from __future__ import annotations

from collections import deque
from typing import Any

from lab.widgets.pump import Fact
from lab.widgets.sources.kafka import lag
from lab.widgets.topic_views import lost

KEPT_S = 300.0
"""Seconds of history: long enough for an experiment, 300 points at one a second."""


class LagComposer:
    """Remembers the history of one group."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.history: deque[tuple[float, int]] = deque()
        self.marks: deque[tuple[float, str]] = deque(maxlen=20)
        self._members: dict[str, list[str]] | None = None

    def compose(self, group: Fact, cluster: Fact, now: float) -> dict[str, Any]:
        """One snapshot from the group's offsets and the ends of its partitions."""
        behind = lag(group.value, cluster.value.get("topics", {}))
        if group.value and not group.lost and not cluster.lost:
            self._remember(now, behind, group.value.get("members", {}))
        members = group.value.get("members", {})
        total = sum(behind.values())
        return {
            "group": self.group,
            "state": group.value.get("state", "not seen yet"),
            "total": total,
            "partitions": [{"place": place, "lag": behind[place]} for place in sorted(behind)],
            "members": [{"name": name, "places": places} for name, places in sorted(members.items())],
            "history": [[round(at - now, 1), value] for at, value in self.history],
            "marks": [[round(at - now, 1), text] for at, text in self.marks],
            "lost": lost(group, cluster),
            "events": [{"at": round(at, 1), "text": text} for at, text in self.marks],
            "words": self._words(total, behind, members),
        }

    def _remember(self, now: float, behind: dict[str, int], members: dict[str, list[str]]) -> None:
        if not self.history or now - self.history[-1][0] >= 0.9:
            self.history.append((now, sum(behind.values())))
        while self.history and self.history[0][0] < now - KEPT_S:
            self.history.popleft()
        while self.marks and self.marks[0][0] < now - KEPT_S:
            self.marks.popleft()
        if self._members is not None and members != self._members:
            self.marks.append((now, rebalance(self._members, members)))
        self._members = members

    def _words(self, total: int, behind: dict[str, int], members: dict[str, list[str]]) -> list[str]:
        spread = [f"{name} reads {', '.join(places) or 'nothing'}." for name, places in sorted(members.items())]
        worst = max(behind, key=lambda place: behind[place], default="")
        most = f" Most of it in {worst}: {behind[worst]:,}." if total else ""
        return [f"Group {self.group}: {len(members)} members, lag {total:,} records.{most}", *spread]


def rebalance(before: dict[str, list[str]], after: dict[str, list[str]]) -> str:
    """One sentence that says what the rebalance changed."""
    joined, left = len(set(after) - set(before)), len(set(before) - set(after))
    parts = [f"{joined} joined"] * bool(joined) + [f"{left} left"] * bool(left) or ["partitions moved"]
    return f"Rebalance: {', '.join(parts)}; {len(after)} member{'s' if len(after) != 1 else ''}"
