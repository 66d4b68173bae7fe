"""The lag view's snapshot: a consumer group's lag over five minutes, with its rebalances. Pure."""

from __future__ import annotations

from collections import deque
from typing import Any

from lab.kafka.groups import lag, whole_lag
from lab.widgets.poller import NOTHING_YET, Sample
from lab.widgets.topic_views import down

KEPT_S = 300.0
"""Seconds of history: long enough for an experiment, 300 points at one a second."""


class LagComposer:
    """Remembers the history of one group."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.history: deque[tuple[float, int]] = deque()
        self.marks: deque[tuple[float, str]] = deque(maxlen=20)
        self._members: dict[str, list[str]] | None = None

    def compose(self, group: Sample, now: float) -> dict[str, Any]:
        """One snapshot from the group's offsets and the ends of its partitions."""
        behind, members = lag(group.value), group.value.get("members", {})
        total = None if group.down else whole_lag(behind)
        if not group.down and group is not NOTHING_YET:
            self._remember(now, total, members)
        return {
            "group": self.group,
            "state": group.value.get("state", "not seen yet"),
            "total": total,
            "partitions": [{"place": place, "lag": part} for place, part in behind.items()],
            "members": [{"name": name, "places": places} for name, places in sorted(members.items())],
            "history": [[round(at - now, 1), value] for at, value in self.history],
            "marks": [[round(at - now, 1), text] for at, text in self.marks],
            "down": down(group),
            "events": [{"at": round(at, 1), "text": text} for at, text in self.marks],
            "words": [self._summary(total, behind, members), *_spread(members)],
        }

    def _remember(self, now: float, total: int | None, members: dict[str, list[str]]) -> None:
        if total is not None and (not self.history or now - self.history[-1][0] >= 0.9):
            self.history.append((now, total))
        while self.history and self.history[0][0] < now - KEPT_S:
            self.history.popleft()
        while self.marks and self.marks[0][0] < now - KEPT_S:
            self.marks.popleft()
        if self._members is not None and members != self._members:
            self.marks.append((now, rebalance(self._members, members)))
        self._members = members

    def _summary(self, total: int | None, behind: dict[str, int | None], members: dict[str, list[str]]) -> str:
        group = f"Group {self.group}: {len(members)} member{'s' if len(members) != 1 else ''}"
        if total is None:
            why = "it has committed nothing there yet, or no leader answers" if behind else "it reads no topic"
            return f"{group}, lag unknown: {why}."
        known = {place: part for place, part in behind.items() if part}
        worst = max(known, key=lambda place: known[place], default="")
        most = f" Most of it in {worst}: {known[worst]:,}." if worst else ""
        return f"{group}, lag {total:,} records.{most}"


def _spread(members: dict[str, list[str]]) -> list[str]:
    return [f"{name} reads {', '.join(places) or 'nothing'}." for name, places in sorted(members.items())]


def rebalance(before: dict[str, list[str]], after: dict[str, list[str]]) -> str:
    """One sentence that says what the rebalance changed."""
    joined, left = len(set(after) - set(before)), len(set(before) - set(after))
    parts = [f"{joined} joined"] * bool(joined) + [f"{left} left"] * bool(left) or ["partitions moved"]
    return f"Rebalance: {', '.join(parts)}; {len(after)} member{'s' if len(after) != 1 else ''}"
