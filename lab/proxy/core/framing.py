"""The fixed header (section 2.2): its reserved flags and the remaining length."""

from __future__ import annotations

from lab.proxy.core.data_types import Reader
from lab.proxy.core.packets import Kind
from lab.proxy.core.reasons import malformed

HEADER = 2
"""Bytes without which not even the length is known."""
_FLAGS = {Kind.PUBREL: 2, Kind.SUBSCRIBE: 2, Kind.UNSUBSCRIBE: 2}
"""The low half of the first byte where it is not 0 (table 2.2)."""


def check_flags(first: int) -> None:
    if first & 15 != _FLAGS.get(Kind(first >> 4), 0):
        raise malformed("A fixed header has flags that the standard reserves.")


def check_all_read(reader: Reader) -> None:
    if not reader.done:
        raise malformed("A packet is longer than its fields.")


def long_length(data: bytes | bytearray, position: int, shortest: bool) -> tuple[int, int]:
    """A remaining length of two to four bytes and where the body starts; (-1, _) while it is incomplete.

    Only 5.0 asks for the shortest form (section 1.5.5); small 3.1.1 clients may always write four bytes.
    """
    value = 0
    for index, byte in enumerate(data[position : position + 4]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if byte == 0 and shortest:
                raise malformed("A remaining length is longer than it needs to be.")
            return value, position + index + 1
    if len(data) - position >= 4:
        raise malformed("A remaining length is longer than four bytes.")
    return -1, position
