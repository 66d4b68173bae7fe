"""/health and /metrics with more connections than it answers at a time."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from lab.base.free_port import free_port
from lab.proxy import http
from lab.proxy.config import Http
from lab.proxy.metrics import Counters
from tests.support.waiting import until


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(http._Silent, "timeout", 0.5)
    number = free_port()
    server = http.serve(Http(port=number), lambda: {"ok": True}, lambda: {0: Counters().snapshot()})
    yield number
    server.shutdown()
    server.server_close()


def test_connections_on_which_nothing_comes_hold_a_few_threads_for_a_while(port: int) -> None:
    with ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)) for _ in range(100)]
        for one in silent[http.REQUESTS_MAX :]:
            assert one.recv(1) == b"", "one more than are answered is closed at once"
        until(lambda: _healthy(port), 30)
        for one in silent:
            assert one.recv(1) == b""


def _healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
