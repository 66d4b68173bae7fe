"""The data types of MQTT on the network (3.1.1 section 1.5, 5.0 section 1.5): integers, text, binary, lengths.

Every read checks the end of the packet, so a length that lies cannot reach into the next packet.
"""

from __future__ import annotations

from lab.proxy.core.reasons import malformed

HEADER = 2
"""Bytes of a fixed header without which not even the length is known (section 2.2)."""
MAX_VARINT = 268_435_455
"""The largest variable byte integer: four bytes of seven bits."""


class Reader:
    """Reads one packet's fields in order; raises ProtocolError (malformed) on anything the standard forbids."""

    __slots__ = ("_data", "end", "position")

    def __init__(self, data: bytes, position: int, end: int) -> None:
        self._data = data
        self.position = position
        self.end = end

    @property
    def done(self) -> bool:
        """Whether the packet has no bytes left."""
        return self.position >= self.end

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        start = self.position
        if start + count > self.end:
            raise malformed("The packet ends in the middle of a field.")
        self.position = start + count
        return self._data[start : self.position]

    def rest(self) -> bytes:
        """All bytes up to the end of the packet."""
        return self.take(self.end - self.position)

    def byte(self) -> int:
        return self.take(1)[0]

    def u16(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def varint(self) -> int:
        """A variable byte integer of one to four bytes, in its shortest form (5.0 section 1.5.5)."""
        value = 0
        for shift in (0, 7, 14, 21):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if byte == 0 and shift:
                    raise malformed("A variable byte integer is longer than it needs to be.")
                return value
        raise malformed("A variable byte integer is longer than four bytes.")

    def binary(self) -> bytes:
        """Binary data with its two-byte length."""
        return self.take(self.u16())

    def text(self) -> str:
        """A UTF-8 string with its two-byte length."""
        return utf8(self.binary())

    def packet_id(self) -> int:
        """A packet identifier, which is never zero (section 2.3.1 and 2.2.1)."""
        value = self.u16()
        if value == 0:
            raise malformed("A packet identifier is zero.")
        return value


def utf8(raw: bytes) -> str:
    """Text as MQTT allows it: well-formed UTF-8 without surrogates and without NUL (section 1.5.3 and 1.5.4)."""
    try:
        value = raw.decode()
    except UnicodeDecodeError as error:
        raise malformed("A string is not UTF-8.") from error
    if "\0" in value:
        raise malformed("A string holds the NUL character.")
    return value


def varint(value: int) -> bytes:
    """A variable byte integer. Raises ValueError outside 0..268,435,455."""
    if not 0 <= value <= MAX_VARINT:
        raise ValueError(f"{value} does not fit a variable byte integer")
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | 0x80 if value else low)
        if not value:
            return bytes(out)


def binary(value: bytes) -> bytes:
    """Binary data with its length. Raises OverflowError above 65,535 bytes."""
    return len(value).to_bytes(2, "big") + value


def text(value: str) -> bytes:
    """A string with its length. Raises OverflowError above 65,535 bytes."""
    return binary(value.encode())


def frame(first: int, *parts: bytes) -> bytes:
    """A whole packet: fixed header, remaining length, body."""
    body = b"".join(parts)
    return bytes((first,)) + varint(len(body)) + body


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
