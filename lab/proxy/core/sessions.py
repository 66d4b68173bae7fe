"""Who holds which client id, what is kept of clients that are away, and when their wills are due.

Pure: claims and releases and the time go in, actions come out. A client id has one holder; a second claim makes
the first one leave, and is granted when it has left, so that two connections never share a session.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from lab.proxy.core.packets import Will
from lab.proxy.core.rules import Identity


@dataclass(slots=True, frozen=True)
class EndedSession:
    """What a connection leaves behind. `expiry` in seconds; `will` only when it is to be published later."""

    received: frozenset[int] = frozenset()
    expiry: int = 0
    will: Will | None = None
    identity: Identity | None = None


@dataclass(slots=True, frozen=True)
class Evict:
    """The holder `token` must close and release."""

    token: int


@dataclass(slots=True, frozen=True)
class Granted:
    """The claim `token` holds the client id now."""

    token: int
    present: bool
    received: frozenset[int]


@dataclass(slots=True, frozen=True)
class PublishWill:
    """A delayed will is due."""

    will: Will
    identity: Identity


Action = Evict | Granted | PublishWill


@dataclass(slots=True)
class _Away:
    received: frozenset[int]
    ends: float
    will: Will | None
    identity: Identity | None
    will_at: float
    weight: int


AWAY_BYTES, ID_BYTES = 600, 70
"""What an absent session takes beside its will, and each packet id in it: objects of Python, measured."""


class Sessions:
    """Holders, waiting claims and absent sessions."""

    def __init__(self, maximum: int, maximum_bytes: int = 64_000_000) -> None:
        self._maximum = maximum
        self._maximum_bytes = maximum_bytes
        self.bytes = 0
        """What absent sessions take."""
        self._holders: dict[str, int] = {}
        self._waiting: dict[str, tuple[int, bool]] = {}
        self._away: dict[str, _Away] = {}
        self._times: list[tuple[float, str]] = []

    def claim(self, client_id: str, token: int, clean: bool, now: float) -> list[Action]:
        """`token` wants to be `client_id`; `clean`: without what an earlier session left."""
        holder = self._holders.get(client_id)
        if holder is None:
            return self._grant(client_id, token, clean, now)
        before = self._waiting.get(client_id)
        self._waiting[client_id] = (token, clean)
        return [Evict(before[0] if before else holder)]

    def release(self, client_id: str, token: int, ended: EndedSession, now: float) -> list[Action]:
        """`token` is gone, whether it held the id or waited for it."""
        if self._holders.get(client_id) != token:
            if self._waiting.get(client_id, (None,))[0] == token:
                del self._waiting[client_id]
            return []
        del self._holders[client_id]
        actions = self._leave(client_id, ended, now)
        if client_id in self._waiting:
            actions += self._grant(client_id, *self._waiting.pop(client_id), now)
        return actions

    def expire(self, now: float) -> list[Action]:
        """Wills that are due and sessions that end by `now`."""
        actions: list[Action] = []
        while self._times and self._times[0][0] <= now:
            client_id = heapq.heappop(self._times)[1]
            away = self._away.get(client_id)
            if away is None:
                continue
            if away.will and away.identity and min(away.will_at, away.ends) <= now:
                actions.append(PublishWill(away.will, away.identity))
                self.bytes -= away.will.weight()
                away.weight -= away.will.weight()
                away.will = None
            if away.ends <= now:
                self._drop(client_id)
        return actions

    def _leave(self, client_id: str, ended: EndedSession, now: float) -> list[Action]:
        will, identity = ended.will, ended.identity
        due = min(will.delay, ended.expiry) if will else 0
        if will and identity and not due:
            will_now: list[Action] = [PublishWill(will, identity)]
            will = None
        else:
            will_now = []
        if not ended.expiry:
            return will_now
        weight = AWAY_BYTES + len(client_id) + ID_BYTES * len(ended.received) + (will.weight() if will else 0)
        self._away[client_id] = _Away(ended.received, now + ended.expiry, will, identity, now + due, weight)
        self.bytes += weight
        for when in {now + ended.expiry, now + due} if will else {now + ended.expiry}:
            heapq.heappush(self._times, (when, client_id))
        self._forget_stale_times()
        return will_now + self._make_room()

    def _forget_stale_times(self) -> None:
        """A client that comes and goes leaves times behind: rebuild the heap when most of it is such."""
        if len(self._times) > 4 * len(self._away) + 1_000:
            self._times = [(one.ends, name) for name, one in self._away.items()]
            self._times += [(one.will_at, name) for name, one in self._away.items() if one.will]
            heapq.heapify(self._times)

    def _make_room(self) -> list[Action]:
        """Over a maximum, end the session nearest its end, its will published."""
        actions: list[Action] = []
        while self._away and (len(self._away) > self._maximum or self.bytes > self._maximum_bytes):
            actions += self.expire(self._times[0][0])
        return actions

    def _drop(self, client_id: str) -> _Away | None:
        away = self._away.pop(client_id, None)
        if away is not None:
            self.bytes -= away.weight
        return away

    def _grant(self, client_id: str, token: int, clean: bool, now: float) -> list[Action]:
        self._holders[client_id] = token
        away = self._drop(client_id)
        if away is None or away.ends <= now:
            return [Granted(token, False, frozenset())]
        if not clean:
            return [Granted(token, True, away.received)]
        wills: list[Action] = [PublishWill(away.will, away.identity)] if away.will and away.identity else []
        return [*wills, Granted(token, False, frozenset())]
