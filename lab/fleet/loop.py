"""One thread that drives every connection of a fleet: a selector, a heap of due readings, and a list of calls.

paho-mqtt would start a thread per client. A thousand of those would spend the machine on switching, so each client
hands its socket to this loop through paho's socket callbacks, and the loop calls loop_read, loop_write and loop_misc.
All state of the fleet belongs to this thread; other threads send it calls and wait for the answer.
"""

from __future__ import annotations

import heapq
import os
import selectors
import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import TypeVar

from lab.base.errors import MachineError
from lab.base.pace import allow
from lab.fleet.connection import DeviceConnection

T = TypeVar("T")

HOUSEKEEPING_S = 0.5
"""How often keep-alives are looked at and lost connections tried again."""
CONNECT_BUDGET_S = 0.05
"""Longest time for connecting in one turn, so that established connections keep their pace."""
MIN_WAIT_S = 0.002
"""Readings due within this are taken together: 500 turns a second at most."""
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Loop:
    """The fleet's thread. `due` is called with a name when its reading is due and answers when the next one is."""

    def __init__(self, due: Callable[[str, float], float | None]) -> None:
        self._due = due
        self._selector = selectors.DefaultSelector()
        self._wake_r, self._wake_w = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wake_r, READ, None)
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._connections: dict[str, DeviceConnection] = {}
        self._sockets: dict[str, socket.socket] = {}
        self._heap: list[tuple[float, str]] = []
        self._senders: set[DeviceConnection] = set()
        self._writes: set[DeviceConnection] = set()
        self._next_house = 0.0
        self._running = True
        self._thread = threading.Thread(target=self._run, name="fleet", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def call(self, function: Callable[[], T], timeout: float = 30.0) -> T:
        """Run a function in the loop's thread and return its answer; in this thread when the loop has ended.

        Raises MachineError when the loop does not get round to it within `timeout` seconds, more on a slow machine.
        """
        if not self._thread.is_alive() or threading.current_thread() is self._thread:
            return function()
        answer: Future[T] = Future()
        self._calls.put(lambda: _answer(answer, function))
        os.write(self._wake_w, b"x")
        try:
            return answer.result(allow(timeout))
        except TimeoutError as error:
            raise MachineError(
                f"The fleet's thread did not answer within {allow(timeout):.0f} s: this machine is overloaded.",
                "Ask for a lower rate or fewer generators, or close what else is running.",
            ) from error

    def end(self) -> None:
        """Close every socket and end the thread."""

        def finish() -> None:
            self._running = False

        self.call(finish)
        self._thread.join(allow(10.0))
        for connection in self._connections.values():
            connection.drop()
        self._selector.close()
        os.close(self._wake_r)
        os.close(self._wake_w)

    def add(self, connection: DeviceConnection, first: float) -> None:
        """Drive this connection; its first reading is due at perf_counter time `first`."""
        self._connections[connection.name] = connection
        heapq.heappush(self._heap, (first, connection.name))

    def release(self, name: str) -> None:
        """Forget a connection that has been dropped."""
        self._connections.pop(name).drop()

    def retry_now(self) -> None:
        """Look at connections that are not up in the next turn."""
        self._next_house = 0.0

    # What links call (Watcher).

    def opened(self, connection: DeviceConnection) -> None:
        sock = connection.socket()
        if sock is not None:
            self._sockets[connection.name] = sock
            self._selector.register(sock, READ, connection)
        connection.writing = False

    def closing(self, connection: DeviceConnection) -> None:
        sock = self._sockets.pop(connection.name, None)  # paho has forgotten it by now
        if sock is not None:
            self._selector.unregister(sock)
        self._writes.discard(connection)

    def wants_write(self, connection: DeviceConnection) -> None:
        self._writes.add(connection)

    def wants_sending(self, connection: DeviceConnection) -> None:
        self._senders.add(connection)

    # The turns.

    def _run(self) -> None:
        while self._running:
            events = self._selector.select(self._patience())
            self._serve(events)
            self._make_calls()
            now = perf_counter()
            self._take_due(now)
            self._send_waiting()
            if now >= self._next_house:
                self._next_house = now + HOUSEKEEPING_S
                self._keep_house(now)
            self._flush()

    def _patience(self) -> float:
        nearest = min(self._heap[0][0] if self._heap else self._next_house, self._next_house)
        return max(MIN_WAIT_S, nearest - perf_counter())

    def _serve(self, events: Iterable[tuple[selectors.SelectorKey, int]]) -> None:
        for key, mask in events:
            connection = key.data
            if connection is None:
                os.read(self._wake_r, 4096)
                continue
            if mask & WRITE:
                self._writes.add(connection)
            if mask & READ:
                connection.client.loop_read()

    def _make_calls(self) -> None:
        while True:
            try:
                call = self._calls.get_nowait()
            except Empty:
                return
            call()

    def _take_due(self, now: float) -> None:
        while self._heap and self._heap[0][0] <= now:
            due, name = heapq.heappop(self._heap)
            following = self._due(name, due) if name in self._connections else None
            if following is not None:
                heapq.heappush(self._heap, (following, name))

    def _send_waiting(self) -> None:
        connections, self._senders = self._senders, set()
        for connection in connections:
            connection.send_waiting()

    def _flush(self) -> None:
        connections, self._writes = self._writes, set()
        for connection in connections:
            connection.client.loop_write()
            self._watch_writing(connection)

    def _watch_writing(self, connection: DeviceConnection) -> None:
        sock = connection.socket()
        blocked = sock is not None and connection.client.want_write()
        if sock is not None and blocked != connection.writing:
            self._selector.modify(sock, READ | WRITE if blocked else READ, connection)
            connection.writing = blocked
        self._writes.discard(connection)

    def _keep_house(self, now: float) -> None:
        until = perf_counter() + CONNECT_BUDGET_S
        for connection in list(self._connections.values()):
            if connection.socket() is not None:
                connection.client.loop_misc()
            elif connection.wanted and connection.retry_at <= now:
                if perf_counter() > until:
                    self._next_house = now
                    return
                if not connection.connect(now):
                    return


def _answer(answer: Future[T], function: Callable[[], T]) -> None:
    try:
        answer.set_result(function())
    except Exception as error:  # noqa: BLE001 - handed to the caller's thread
        answer.set_exception(error)
