"""Faults on real services, and the relay between real sockets."""

from __future__ import annotations

import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from lab import stack as services
from lab.base.addresses import Addresses
from lab.base.errors import LearnerError, MachineError, ServiceError
from lab.base.free_port import free_port
from lab.base.pace import allow
from lab.faults import BlackHole, Freeze, Kill, Poison, Refuse, Slow, Stop
from lab.faults.relay import Relay
from lab.influx.api import Influx
from lab.kafka.topics import TopicReader
from lab.widgets import network
from tests.support.waiting import until

NOWHERE = {
    "backend": "native",
    "mqtt_host": "127.0.0.1",
    "kafka_bootstrap": "",
    "connect_url": "",
    "influx_url": "",
    "influx_org": "",
    "influx_token_file": "none",
}
"""A stack.json without the port of MQTT."""


def ready(name: str) -> bool:
    return any(service.name == name and service.state == "ready" for service in services.status())


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that sends back what it gets; its port."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.1)
    done = threading.Event()

    def talk(connection: socket.socket) -> None:
        with connection:
            while data := _receive(connection):
                connection.sendall(data)

    def serve() -> None:
        while not done.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            connection.settimeout(None)
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    done.set()
    thread.join(allow(5))
    server.close()


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


def ping(connection: socket.socket, data: bytes = b"x") -> float:
    """Seconds until the data came back whole."""
    begin = time.monotonic()
    connection.sendall(data)
    back = 0
    while back < len(data):
        got = connection.recv(65536)
        assert got, "closed"
        back += len(got)
    return time.monotonic() - begin


def test_a_relay_forwards_delays_throttles_and_heals(echo: int) -> None:
    with (
        Relay("127.0.0.1", echo) as relay,
        socket.create_connection(("127.0.0.1", relay.port), allow(10)) as connection,
    ):
        ping(connection, b"a" * 200_000)
        with Slow(relay, delay_s=0.15):
            assert ping(connection) >= 0.3
        with Slow(relay, bytes_per_s=100_000):
            assert ping(connection, b"b" * 30_000) >= 0.3
        assert (relay.delay_s, relay.bytes_per_s) == (0.0, 0)
        ping(connection)


def test_a_black_hole_keeps_the_connection_and_lets_data_through_afterwards(echo: int) -> None:
    with (
        Relay("127.0.0.1", echo) as relay,
        socket.create_connection(("127.0.0.1", relay.port), allow(10)) as connection,
    ):
        ping(connection)
        connection.settimeout(0.3)
        with BlackHole(relay):
            connection.sendall(b"z")
            with pytest.raises(TimeoutError):
                connection.recv(1)
        connection.settimeout(allow(10))
        assert connection.recv(1) == b"z"


def test_a_cut_resets_open_connections_and_takes_new_ones(echo: int) -> None:
    with Relay("127.0.0.1", echo) as relay:
        with socket.create_connection(("127.0.0.1", relay.port), allow(10)) as connection:
            ping(connection)
            assert relay.cut() == 2
            assert _receive(connection) == b""
        with socket.create_connection(("127.0.0.1", relay.port), allow(10)) as connection:
            ping(connection)
        assert relay.connections == 2


def test_a_relay_counts_the_connections_that_are_open_now(echo: int) -> None:
    with Relay("127.0.0.1", echo) as relay:
        with socket.create_connection(("127.0.0.1", relay.port), allow(10)) as connection:
            ping(connection)
            assert relay.open_connections == 1
        until(lambda: relay.open_connections == 0, 10)
        assert relay.connections == 1


def test_the_panels_relay_follows_a_proxy_that_moved(
    echo: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "stack.json"
    monkeypatch.setattr(network, "load", lambda: Addresses.model_validate_json(file.read_text()))
    with network.ProxyRelay("127.0.0.1", free_port()) as relay:
        for port, answer in ((free_port(), b""), (echo, b"x")):
            file.write_text(json.dumps({**NOWHERE, "mqtt_port": port}))
            with socket.create_connection(("127.0.0.1", relay.port), allow(10)) as connection:
                connection.sendall(b"x")
                assert _receive(connection) == answer


def test_a_relay_without_a_target_closes_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_stack() -> Addresses:
        raise LearnerError("There is no stack.json.", "Start the services with ./workshop up.")

    monkeypatch.setattr(network, "load", no_stack)
    with (
        network.ProxyRelay("127.0.0.1", free_port()) as relay,
        socket.create_connection(("127.0.0.1", relay.port), allow(10)) as connection,
    ):
        assert _receive(connection) == b""
        assert relay.open_connections == 0


def test_a_taken_port_is_said_in_words(echo: int) -> None:
    with pytest.raises(MachineError, match=f"cannot listen on 127.0.0.1:{echo}"):
        Relay("127.0.0.1", echo, listen_port=echo).start()


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def test_refused_requests_are_counted_and_the_next_one_passes() -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with Relay("127.0.0.1", server.server_port) as relay, httpx.Client(trust_env=False) as client:
        url = f"http://127.0.0.1:{relay.port}/write"
        assert client.post(url, content=b"x" * 100_000).status_code == 204
        with Refuse(relay, requests=2, retry_after_s=3):
            answers = []
            while len(answers) < 3:
                try:
                    answers.append(client.post(url, content=b"x" * 100_000))
                except httpx.TransportError:
                    continue  # the connection that was cut
            assert [answer.status_code for answer in answers] == [503, 503, 204]
            assert answers[0].headers["Retry-After"] == "3"
        assert relay.refusals == 2
    server.shutdown()
    server.server_close()
    thread.join(allow(5))


def test_a_killed_service_is_another_process_afterwards(stack: Addresses) -> None:
    before = services.control("influxd").pid
    with Kill("influxd"):
        until(lambda: services.control("influxd").pid not in (None, before))
    until(lambda: ready("influxd"))


def test_a_frozen_service_answers_nothing_until_it_is_thawed(stack: Addresses) -> None:
    pid = services.control("influxd").pid
    assert pid
    with Freeze("influxd"):
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        with Influx(stack, timeout=0.5) as influx, pytest.raises(ServiceError, match="did not answer"):
            influx.query("buckets()")
    with Influx(stack) as influx:
        assert influx.query("buckets()")
    assert services.control("influxd").pid == pid


def test_a_stopped_service_stays_down_until_undone(stack: Addresses) -> None:
    fault = Stop("influxd").inject()
    assert services.control("influxd").pid is None
    fault.undo()
    until(lambda: ready("influxd"))


def test_poison_arrives_in_the_readings_topic(stack: Addresses) -> None:
    with TopicReader(stack) as reader:
        begin = reader.ends(stack.names.readings)
        Poison(stack).inject().undo()
        values = [record.value for record in reader.read(stack.names.readings, begin)]
    assert values == list(Poison.RECORDS)
