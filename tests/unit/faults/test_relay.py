"""The HTTP that the relay itself speaks."""

from __future__ import annotations

import pytest

from lab.faults.relay import content_length, unavailable


@pytest.mark.parametrize(
    ("head", "length"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: 12\r\n\r\n", 12),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length:3\r\n\r\n", 3),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0),
        (b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 0),
    ],
)
def test_the_length_of_a_body_is_read_from_its_head(head: bytes, length: int) -> None:
    assert content_length(head) == length


def test_a_refusal_is_a_complete_answer_with_retry_after() -> None:
    head, _, body = unavailable(7).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 7" in head.split(b"\r\n")
    assert content_length(head) == len(body)
