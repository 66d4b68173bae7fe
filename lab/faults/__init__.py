"""Faults to inject, each with its undo: kill, freeze, stop, cut, slow, refuse, poison.

A fault is used as a context manager, or with inject() and undo(). undo() may be called twice; a fault that is still
active when the process ends is undone then, so that no service stays frozen behind a closed notebook.
"""

from __future__ import annotations

import atexit
from abc import ABC, abstractmethod
from collections.abc import Sequence
from time import monotonic
from types import TracebackType
from typing import ClassVar, Protocol, Self

from lab import stack
from lab.base.addresses import Addresses
from lab.base.errors import LearnerError, ServiceError
from lab.base.pace import allow
from lab.faults.relay import Relay

POISON_S = 10.0
"""Seconds that Kafka may take for the poisoned records."""


class Cuttable(Protocol):
    """What CutDevices needs of a fleet."""

    def cut(self, name: str) -> None: ...
    def restore(self, name: str) -> None: ...


class Fault(ABC):
    """One fault that is active from inject() to undo()."""

    def __init__(self, what: str) -> None:
        self.what = what
        """In words, for ledgers and messages."""
        self.active = False
        self.seconds: float | None = None
        """How long it was active; None while it is."""
        self._since = 0.0

    def __enter__(self) -> Self:
        return self.inject()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.undo()

    def inject(self) -> Self:
        """Let it happen. Raises LearnerError when it is active already."""
        if self.active:
            raise LearnerError(f"This fault is active already: {self.what}.", "Call its undo() first.")
        self._since = monotonic()
        self._inject()
        self.active = True
        atexit.register(self.undo)
        return self

    def undo(self) -> None:
        """Put things right again; does nothing when the fault is not active. When it cannot, the fault stays active."""
        if self.active:
            self._undo()
            self.discard()

    def discard(self) -> None:
        """Call it over without undoing anything: it ended without help, or another fault took its place."""
        if self.active:
            self.active = False
            atexit.unregister(self.undo)
            self.seconds = monotonic() - self._since

    @abstractmethod
    def _inject(self) -> None: ...

    @abstractmethod
    def _undo(self) -> None: ...


class _OfService(Fault):
    """A fault of one service that starting it again undoes."""

    verb: ClassVar[str]

    def __init__(self, service: str) -> None:
        super().__init__(f"{self.verb} {service}")
        self._control = stack.control(service)

    def _undo(self) -> None:
        self._control.start()


class Kill(_OfService):
    """SIGKILL a service. The supervisor starts it again; undo makes sure of it."""

    verb = "kill"

    def _inject(self) -> None:
        self._control.kill()


class Stop(_OfService):
    """Stop a service properly and keep it down until undo."""

    verb = "stop"

    def _inject(self) -> None:
        self._control.stop()


class Restart(_OfService):
    """Stop a service properly and start it again at once; there is nothing left to undo."""

    verb = "restart"

    def _inject(self) -> None:
        self._control.restart()


class Freeze(_OfService):
    """SIGSTOP a service: it holds its connections and answers nothing, until undo (SIGCONT)."""

    verb = "freeze"

    def _inject(self) -> None:
        self._control.freeze()

    def _undo(self) -> None:
        if self._control.pid is not None:
            self._control.thaw()


class CutDevices(Fault):
    """Drop the connections of some generators without a DISCONNECT, until undo."""

    def __init__(self, fleet: Cuttable, generators: Sequence[str]) -> None:
        super().__init__(f"cut {len(generators)} devices")
        self._fleet, self._generators = fleet, list(generators)

    def _inject(self) -> None:
        for name in self._generators:
            self._fleet.cut(name)

    def _undo(self) -> None:
        for name in self._generators:
            self._fleet.restore(name)


class Slow(Fault):
    """Delay and throttle what passes a relay; the client must have been pointed at the relay before."""

    def __init__(self, relay: Relay, delay_s: float = 0.0, bytes_per_s: int = 0) -> None:
        super().__init__(f"slow down by {delay_s} s" + (f" to {bytes_per_s} bytes/s" if bytes_per_s else ""))
        self._relay, self._delay, self._bytes = relay, delay_s, bytes_per_s

    def _inject(self) -> None:
        self._relay.delay_s, self._relay.bytes_per_s = self._delay, self._bytes

    def _undo(self) -> None:
        self._relay.heal()


class BlackHole(Fault):
    """Let a relay swallow everything without closing a connection, as a broken network path does."""

    def __init__(self, relay: Relay) -> None:
        super().__init__("black hole")
        self._relay = relay

    def _inject(self) -> None:
        self._relay.black_hole = True

    def _undo(self) -> None:
        self._relay.heal()


class Refuse(Fault):
    """Let a relay answer the next requests with 503 and Retry-After, as an overloaded InfluxDB does."""

    def __init__(self, relay: Relay, requests: int, retry_after_s: int = 1) -> None:
        super().__init__(f"answer {requests} requests with 503")
        self._relay, self._requests, self._retry_after = relay, requests, retry_after_s

    def _inject(self) -> None:
        self._relay.answer_503(self._requests, self._retry_after)

    def _undo(self) -> None:
        self._relay.heal()


class Poison(Fault):
    """Put records into the readings topic that the sink cannot write. Kafka takes nothing back: undo does nothing.

    The sink must set them aside in the dead-letter topic and go on with what follows.
    """

    RECORDS: tuple[bytes, ...] = (b"{not json", b"[]", b'{"generatorID":"poison","fuel":1.0}')

    def __init__(self, addresses: Addresses, records: Sequence[bytes] = RECORDS, key: str = "poison") -> None:
        super().__init__(f"poison {len(records)} records")
        self._addresses, self._records, self._key = addresses, list(records), key

    def _inject(self) -> None:
        from confluent_kafka import Producer

        from lab.kafka.client import silent

        failures: list[str] = []
        producer = Producer(silent(self._addresses, acks="all"))
        for record in self._records:
            producer.produce(
                self._addresses.names.readings,
                value=record,
                key=self._key,
                on_delivery=lambda error, _message: failures.append(str(error)) if error else None,
            )
        if producer.flush(allow(POISON_S)) or failures:
            reason = failures[0] if failures else f"no answer within {allow(POISON_S):.0f} s"
            raise ServiceError("kafka1", f"Kafka did not take the records: {reason}.", "Look at ./workshop status.")

    def _undo(self) -> None:
        """Nothing: see the class."""
