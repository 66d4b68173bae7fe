"""Coming in: many logins at once, handshakes that fail, requests that are not for us, a stop in between.

None of it needs Kafka, so there is none.
"""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from argon2 import PasswordHasher

from bench.proxy_process import ProxyProcess, proxy
from lab.base.free_port import free_port
from lab.proxy import accounts
from lab.proxy.core.packets import V5, V311, Connect
from tests.services.proxy.test_access import authority
from tests.support import publisher
from tests.support.mqtt_wire import closed, dial, lone_config, name, packet
from tests.support.waiting import until

QUICK = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1)
"""Some 5 ms a hash: what is tested is the queue."""


def write_accounts(file: Path, count: int, hasher: PasswordHasher) -> None:
    """So many accounts `g0`, `g1`, ... whose password is their name; one salt, so that writing them is quick."""
    file.write_text("".join(f"g{n}:{hasher.hash(f'g{n}', salt=b'0123456789abcdef')}\n" for n in range(count)))


def metric(running: ProxyProcess, what: str) -> float:
    return running.metrics()[f'mqtt_proxy_{what}{{worker="0"}}']


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("count", "hasher"),
    [
        pytest.param(150, QUICK, id="150"),
        pytest.param(
            1_000, accounts.HASHER, id="1000 at the usual cost", marks=pytest.mark.thorough("a thousand logins")
        ),
    ],
)
def test_all_are_in_though_all_come_at_once_and_somebody_guesses(
    tmp_path: Path, count: int, hasher: PasswordHasher
) -> None:
    """The waiting are told and come back; wrong ones delay nobody for long."""
    port = free_port()
    write_accounts(tmp_path / "passwords", count, hasher)
    with proxy(
        tmp_path, lone_config(f"[[listener]]\nport = {port}\n", 'passwords = "passwords"'), kafka=False
    ) as running:
        started = time.monotonic()
        with ExitStack() as stack:
            guesses = [stack.enter_context(login(port, f"g{n % 7}", f"guess {n}", V311)) for n in range(count)]
            devices = {n: login(port, f"g{n}", f"g{n}", (V311, V5)[n % 2]) for n in range(count)}
            told = 0
            while devices:
                assert time.monotonic() - started < 240, f"{len(devices)} are not in"
                for n in ready(devices):
                    answer = packet(devices[n])
                    version = (V311, V5)[n % 2]
                    if answer[3] == 0:
                        stack.enter_context(devices.pop(n))
                    else:
                        assert answer[3] == (0x89 if version == V5 else 3)
                        told += 1
                        devices.pop(n).close()
                        devices[n] = login(port, f"g{n}", f"g{n}", version)
            took = time.monotonic() - started
            print(f"\n{count} logins beside {count} guesses: all in after {took:.1f} s, {told} were told to come back")
            for guess in guesses:
                assert packet(guess)[3] in (3, 4)
        assert metric(running, "connects_total") == count
        assert metric(running, "protocol_errors_total") == 0
        assert not [one for one in running.events() if "No CONNECT came" in str(one.get("cause"))]


def login(port: int, user: str, password: str, version: int) -> socket.socket:
    sock = dial(port)
    sock.sendall(publisher.connect(Connect(version, name(), True, 60, username=user, password=password.encode())))
    return sock


def ready(devices: dict[int, socket.socket]) -> list[int]:
    """Whose answer has come."""
    poll = select.poll()
    numbers = {sock.fileno(): n for n, sock in devices.items()}
    for descriptor in numbers:
        poll.register(descriptor, select.POLLIN)
    return [numbers[descriptor] for descriptor, _ in poll.poll(1_000)]


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A proxy without Kafka: TLS that wants a client's certificate, and a WebSocket."""
    folder = tmp_path_factory.mktemp("doors")
    authority(folder)
    tls, ws = free_port(), free_port()
    listeners = (
        f'[[listener]]\nkind = "tls"\nport = {tls}\ncertificate = "server.pem"\nkey = "server.key"\n'
        'client_ca = "ca.pem"\nrequire_client_certificate = true\n'
        f'[[listener]]\nkind = "ws"\nport = {ws}\nanonymous = true\n'
    )
    with proxy(folder, lone_config(listeners + "[limits]\nconnect_timeout = 2\n"), kafka=False) as running:
        yield SimpleNamespace(tls=tls, ws=ws, running=running, folder=folder)


def plain_text(port: int, _folder: Path) -> None:
    with closing(dial(port)) as sock:
        sock.sendall(publisher.connect(Connect(V311, name(), True, 60)))
        assert closed(sock)


def no_certificate(port: int, folder: Path) -> None:
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    with (
        closing(dial(port)) as sock,
        contextlib.suppress(ssl.SSLError, ConnectionError),
        context.wrap_socket(sock, server_hostname="localhost") as secure,
    ):
        secure.recv(1)


def unknown_authority(port: int, _folder: Path) -> None:
    with closing(dial(port)) as sock, contextlib.suppress(ssl.SSLError, ConnectionError):
        ssl.create_default_context().wrap_socket(sock, server_hostname="localhost")


def nothing(port: int, _folder: Path) -> None:
    with closing(dial(port)) as sock:
        assert closed(sock), "a handshake has a deadline"


@pytest.mark.parametrize("fails", [plain_text, no_certificate, unknown_authority, nothing])
def test_a_tls_handshake_that_fails_leaves_a_line_and_a_count(doors: SimpleNamespace, fails: object) -> None:
    before = metric(doors.running, "tls_failures_total")
    known = len(lines(doors.running, "TLS handshake failed"))
    fails(doors.tls, doors.folder)  # type: ignore[operator]
    until(lambda: metric(doors.running, "tls_failures_total") == before + 1)
    *_, line = lines(doors.running, "TLS handshake failed")
    assert len(lines(doors.running, "TLS handshake failed")) == known + 1, "each cause has its own line"
    assert (line["address"], line["port"]) == ("127.0.0.1", doors.tls)
    assert line["cause"]


def lines(running: ProxyProcess, event: str) -> list[dict[str, object]]:
    return [one for one in running.events() if one["event"] == event]


UPGRADE = {
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "sec-websocket-version": "13",
}


@pytest.mark.parametrize(
    ("path", "more", "status", "says", "logged"),
    [
        ("/elsewhere", {**UPGRADE, "sec-websocket-protocol": "mqtt"}, 404, "MQTT is at /mqtt", ("path", "/elsewhere")),
        ("/mqtt", {**UPGRADE, "sec-websocket-protocol": "soap"}, 400, "sub-protocol mqtt", ("subprotocols", "soap")),
        ("/mqtt", UPGRADE, 400, "sub-protocol mqtt", ("address", "127.0.0.1")),
        ("/mqtt", {}, 400, "WebSocket for MQTT", ("address", "127.0.0.1")),
    ],
)
def test_a_websocket_that_is_refused_is_told_why(
    doors: SimpleNamespace, path: str, more: dict[str, str], status: int, says: str, logged: tuple[str, str]
) -> None:
    answer = httpx.get(f"http://127.0.0.1:{doors.ws}{path}", headers=more, timeout=30)
    assert answer.status_code == status
    assert says in answer.text
    until(lambda: any(one.get(logged[0]) == logged[1] for one in lines(doors.running, "WebSocket refused")))


@pytest.mark.parametrize(("version", "said"), [(V5, b"\x20\x03\x00\x88\x00"), (V311, b"\x20\x02\x00\x03")])
def test_a_stop_while_a_password_is_checked_is_said_in_connack(tmp_path: Path, version: int, said: bytes) -> None:
    """5.0 has no CONNACK 0x8B."""
    port = free_port()
    slow = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=1)
    write_accounts(tmp_path / "passwords", 2, slow)
    text = lone_config(f"[[listener]]\nport = {port}\n[limits]\ndrain = 0.1\n", 'passwords = "passwords"')
    with proxy(tmp_path, text, kafka=False) as running, ExitStack() as stack:
        socks = [stack.enter_context(login(port, f"g{n % 2}", f"wrong {n}", version)) for n in range(20)]
        until(lambda: metric(running, "connections") == 20)
        running.signal(signal.SIGTERM)
        answers = [packet(sock) for sock in socks]
        assert said in answers
        wrong = b"\x20\x03\x00\x86\x00" if version == V5 else b"\x20\x02\x00\x04"
        assert set(answers) <= {said, wrong}


def test_a_closed_port_takes_no_more_tls_connections(tmp_path: Path) -> None:
    authority(tmp_path)
    port = free_port()
    text = (
        f'[[listener]]\nkind = "tls"\nport = {port}\nanonymous = true\ncertificate = "server.pem"\nkey = "server.key"\n'
        "[limits]\ndrain = 0.1\n"
    )
    with proxy(tmp_path, lone_config(text), kafka=False) as running:
        subject = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}"], input=b"", capture_output=True, check=False
        )
        assert b"localhost" in subject.stdout
        running.signal(signal.SIGTERM)
        until(lambda: not _answers(port))


def _answers(port: int) -> bool:
    try:
        dial(port).close()
    except ConnectionError:
        return False
    return True
