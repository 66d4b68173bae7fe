"""One account per process of the bytes that connections hold for their clients, beside publishes in flight.

It is fed by every place that holds some: packets not yet whole, what is read ahead while publishes wait for Kafka,
CONNECTs being checked, wills, topic aliases, QoS 2 packet ids. What is in flight has bounds of its own (`delivery`),
because Kafka frees it; this here is freed by clients.

Each connection may always hold `SMALL`, so that nobody is shut out by what others hold. Beyond that the account
decides: while publishes wait, a connection is read ahead up to a share of what is free, which shrinks as the account
fills, so that many greedy connections still leave something to the next one.
"""

from __future__ import annotations

READ_BYTES = 65_536
"""Most that one read takes from a socket; a buffer of this size stays in the processor's cache."""
SMALL = 4_096
"""Bytes that any connection may hold; also what one read takes when the account is half full."""
SHARE = 8
"""A connection may read ahead as much as an eighth of what is free."""


class HeldBytes:
    """The account: what is held, and how much more may be."""

    def __init__(self, maximum: int, read_ahead: int) -> None:
        self._maximum = maximum
        self._read_ahead = read_ahead
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._small = self._buffer[:SMALL]
        self.bytes = 0

    def change(self, difference: int) -> None:
        """A connection holds so many bytes more, or fewer."""
        self.bytes += difference

    @property
    def full(self) -> bool:
        """Whether nobody may hold more than `SMALL`."""
        return self.bytes > self._maximum

    def allowance(self) -> int:
        """How far a connection whose publishes wait may be read ahead."""
        return max(SMALL, min(self._read_ahead, (self._maximum - self.bytes) // SHARE))

    def buffer(self) -> memoryview:
        """Where the next read goes; one buffer serves all, because a read is handled before the next begins."""
        return self._buffer if self.bytes * 2 <= self._maximum else self._small

    def read(self, count: int) -> bytes:
        """What the last read brought."""
        return bytes(self._buffer[:count])
