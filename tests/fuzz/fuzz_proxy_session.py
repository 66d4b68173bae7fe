"""Coverage-guided fuzzing of the proxy's protocol core: any bytes, cut anywhere, with Kafka's verdicts in between, and
with credit that runs out and comes back.

    python tests/fuzz/fuzz_proxy_session.py tests/fuzz/corpus -runs=1000000

needs atheris (`pip install atheris`, in an environment of its own). What it found interesting stays in `corpus`, and
tests/unit/proxy/core/test_corpus.py replays it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.proxy.core.packets import Publish
    from lab.proxy.core.session import Event

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

VERDICTS = (0, 0, 0, 0x80, 0x97)
LIMIT = 4_096


core = SimpleNamespace()
"""What is fuzzed; imported late, so that atheris can put its probes in."""


def load() -> None:
    """Import the core."""
    from lab.proxy.core.opening import Grant, Limits
    from lab.proxy.core.packets import Connect, Publish
    from lab.proxy.core.reasons import Reason
    from lab.proxy.core.session import Session

    vars(core).update(Grant=Grant, Limits=Limits, Connect=Connect, Publish=Publish, Reason=Reason, Session=Session)


class Peer:
    """A shell made of the input's first byte: how CONNECT is answered and whether publishes are decided."""

    def __init__(self, choice: int) -> None:
        self.choice = choice
        self.session = core.Session(core.Limits(LIMIT, 8, 4, 100, 100), 0.0)
        self.flow = choice >> 4 & 1 == 1
        """Whether publishes wait for credit in this run."""
        self.publishes: list[Publish] = []
        self.ends = 0

    def handle(self, events: list[Event]) -> None:
        """What the core may say, checked."""
        for event in events:
            if isinstance(event, core.Publish):
                assert event.topic
                assert not self.flow or self.session.credit >= 0
                self.publishes.append(event)
            elif isinstance(event, core.Connect):
                self.answer()
            else:
                self.ends += 1
                assert self.session.closed

    def answer(self) -> None:
        """Yes, no, or not yet."""
        if self.choice & 1:
            self.handle(self.session.refuse(core.Reason.NOT_AUTHORIZED, "no"))
        elif not self.choice & 2:
            self.handle(self.session.accept(core.Grant("c", received=frozenset({1} if self.choice & 4 else ()))))

    def decide(self, number: int) -> None:
        """Kafka's verdict on the newest publish."""
        if self.choice & 8 and self.publishes:
            self.publishes.pop().reason = VERDICTS[number % len(VERDICTS)]
            self.handle(self.session.flush_acknowledgements())

    def spend(self, number: int) -> None:
        """Give the next read some credit or none, now and then look ahead, and go on with what waits."""
        if not self.flow:
            return
        session = self.session
        if number % 3 == 1:
            session.look_ahead()
        if number % 3 == 2:
            self.handle(session.proceed(number % 5))
        session.credit = number % 2
        assert session.holding() >= session.held_back()

    def empty(self) -> None:
        """With all the credit it wants nothing may stay behind."""
        for _ in range(100):
            if not self.session.stalled:
                break
            self.handle(self.session.proceed(1_000))
        assert not self.session.stalled


def run(data: bytes) -> None:
    """One input: a byte of choices, then bytes for the socket in chunks whose length the choices give."""
    if not vars(core):
        load()
    if not data:
        return
    peer, data = Peer(data[0]), data[1:]
    step = peer.choice >> 4 or len(data) or 1
    for start in range(0, len(data), step):
        peer.handle(peer.session.receive(data[start : start + step], float(start)))
        peer.decide(start)
        peer.spend(start // step)
        held = peer.session._held
        assert held is None or peer.session.stalled or len(held) <= LIMIT + step
        peer.session.take_output()
    if peer.choice & 2:
        peer.handle(peer.session.end(core.Reason.QUOTA_EXCEEDED, "full"))
    peer.empty()
    peer.handle(peer.session.lost())
    assert peer.session.closed
    assert peer.ends == 1


def main() -> None:
    """Hand over to atheris."""
    import atheris

    with atheris.instrument_imports(include=["lab.proxy"]):
        load()
    atheris.Setup(sys.argv, run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
