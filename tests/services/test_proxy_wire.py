"""The proxy's process on real sockets: take-over, wills, limits, accounts, reload, drain, several workers."""

from __future__ import annotations

import json
import select
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
from websocket import WebSocket, WebSocketBadStatusException, create_connection

from bench.proxy_process import free_port, proxy
from bench.proxy_records import count, records
from lab.addresses import Addresses
from lab.proxy import accounts, publisher
from lab.proxy.packets import V5, V311, Connect, Publish, Will
from lab.proxy.properties import P
from lab.settings import ROOT

SECONDS = 60.0
RULE = '[[rule]]\nname = "any"\nmqtt = "t/{topic}/{key}"\ntopic = "{topic}"\nkey = "{key}"\npartitions = 2\n'


def config(stack: Addresses, listeners: str, more: str = "", rule: str = RULE) -> str:
    return f'{more}\n[kafka]\nbootstrap = "{stack.kafka_bootstrap}"\n{listeners}\n{rule}'


@pytest.fixture(scope="module")
def server(stack: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A proxy with an open TCP and an open WebSocket listener and small limits."""
    tcp, ws = free_port(), free_port()
    listeners = (
        f'[[listener]]\nport = {tcp}\nanonymous = true\n[[listener]]\nkind = "ws"\nport = {ws}\nanonymous = true\n'
    )
    limits = "[limits]\npacket = 100000\nreceive_maximum = 20\nconnect_timeout = 2\n"
    with proxy(tmp_path_factory.mktemp("proxy"), config(stack, listeners + limits)) as running:
        yield SimpleNamespace(tcp=tcp, ws=ws, running=running, bootstrap=stack.kafka_bootstrap)


def wait(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.1)


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=SECONDS)


def exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        assert more, f"closed after {data!r}"
        data += more
    return data


def packet(sock: socket.socket) -> bytes:
    """The next whole packet, which is short."""
    head = exactly(sock, 2)
    return head + exactly(sock, head[1])


def opened(port: int, connect: Connect) -> socket.socket:
    sock = dial(port)
    sock.sendall(publisher.connect(connect))
    answer = packet(sock)
    assert answer[0] == 0x20
    assert answer[3] == 0, answer
    return sock


def closed(sock: socket.socket, seconds: float = SECONDS) -> bool:
    """Whether the peer closes; what it says before does not matter."""
    sock.settimeout(seconds)
    try:
        while sock.recv(4096):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def name() -> str:
    return f"wire_{uuid4().hex[:10]}"


def test_take_over_closes_the_first_connection(server: SimpleNamespace) -> None:
    client = name()
    for version, goodbye in ((V311, b""), (V5, b"\xe0")):
        asked = Connect(version, client, True, 60)
        with closing(opened(server.tcp, asked)) as first, closing(opened(server.tcp, asked)):
            first.settimeout(SECONDS)
            assert first.recv(1) == goodbye
            assert closed(first)


def test_assigned_client_ids_differ(server: SimpleNamespace) -> None:
    with closing(dial(server.tcp)) as one, closing(dial(server.tcp)) as other:
        for sock in (one, other):
            sock.sendall(publisher.connect(Connect(V5, "", True, 60)))
        assert packet(one) != packet(other)


def test_a_resumed_session_is_present(server: SimpleNamespace) -> None:
    client, topic = name(), name()
    message = publisher.publish(Publish(f"t/{topic}/k", b"once", 2, 5, False))
    with closing(opened(server.tcp, Connect(V311, client, False, 60))) as sock:
        sock.sendall(message)
        assert packet(sock) == b"\x50\x02\x00\x05"
    with closing(dial(server.tcp)) as sock:
        sock.sendall(publisher.connect(Connect(V311, client, False, 60)) + message)
        assert packet(sock) == b"\x20\x02\x01\x00"
        assert packet(sock) == b"\x50\x02\x00\x05"
        sock.sendall(publisher.pubrel(5))
        assert packet(sock) == b"\x70\x02\x00\x05"
    assert [one.value for one in records(server.bootstrap, topic)] == [b"once"]


def test_a_silent_client_is_closed_and_its_will_published(server: SimpleNamespace) -> None:
    topic = name()
    will = Will(f"t/{topic}/k", b"offline", 1, True)
    with closing(opened(server.tcp, Connect(V311, name(), True, 1, will))) as sock:
        started = time.monotonic()
        assert closed(sock)
        assert time.monotonic() - started > 1.4
    wait(lambda: count(server.bootstrap, topic) == 1)
    [found] = records(server.bootstrap, topic)
    assert (found.value, found.headers) == (b"offline", (("mqtt.retain", b"1"),))


def test_a_delayed_will_waits_and_is_dropped_on_return(server: SimpleNamespace) -> None:
    topic = name()

    def asked(client: str) -> Connect:
        will = Will(f"t/{topic}/{client}", b"offline", 1, False, 2)
        return Connect(V5, client, False, 60, will, properties={P.SESSION_EXPIRY: 60})

    back, away = name(), name()
    opened(server.tcp, asked(back)).close()
    with closing(opened(server.tcp, asked(back))) as sock:
        opened(server.tcp, asked(away)).close()
        wait(lambda: count(server.bootstrap, topic))
        sock.sendall(publisher.disconnect(V5))
        assert closed(sock)
    [found] = records(server.bootstrap, topic)
    assert found.key == away.encode()


def test_websocket_rules(server: SimpleNamespace) -> None:
    url = f"ws://127.0.0.1:{server.ws}"
    for path, protocols in (("/mqtt", ["other"]), ("/elsewhere", ["mqtt"])):
        with pytest.raises(WebSocketBadStatusException):
            create_connection(url + path, subprotocols=protocols, timeout=SECONDS)
    socket_ = create_connection(url + "/mqtt", subprotocols=["mqtt"], timeout=SECONDS)
    assert socket_.getsubprotocol() == "mqtt"
    topic = name()
    raw = publisher.connect(Connect(V311, name(), True, 60))
    raw += publisher.publish(Publish(f"t/{topic}/k", b"cut", 1, 1, False)) + publisher.PINGREQ
    for start in range(0, len(raw), 7):
        socket_.send_binary(raw[start : start + 7])
    answer = b""
    while len(answer) < 10:
        answer += socket_.recv()
    assert answer[:4] == b"\x20\x02\x00\x00"
    assert b"\x40\x02\x00\x01" in answer
    assert b"\xd0\x00" in answer
    text_closes(socket_)


def text_closes(socket_: WebSocket) -> None:
    socket_.send("text")
    opcode, _ = socket_.recv_data()
    assert opcode == 8
    socket_.shutdown()


def test_a_slow_opening_is_closed_and_others_are_served(server: SimpleNamespace) -> None:
    slow = [dial(server.tcp) for _ in range(50)]
    for sock in slow:
        sock.sendall(b"\x10")
    with closing(opened(server.tcp, Connect(V311, name(), True, 60))) as good:
        good.sendall(publisher.PINGREQ)
        assert packet(good) == b"\xd0\x00"
    for sock in slow:
        assert closed(sock)
        sock.close()


def test_a_packet_of_256_mb_is_refused_when_announced(server: SimpleNamespace) -> None:
    before = server.running.rss()
    socks = [opened(server.tcp, Connect(V5, name(), True, 60)) for _ in range(20)]
    for sock in socks:
        sock.sendall(b"\x30\xff\xff\xff\x7f" + b"\0" * 1000)
    for sock in socks:
        sock.settimeout(SECONDS)
        assert sock.recv(3)[::2] == b"\xe0\x95"
        sock.close()
    assert server.running.rss() - before < 20_000_000


def test_slow_senders_cost_what_they_sent(server: SimpleNamespace) -> None:
    topic = name()
    raw = publisher.publish(Publish(f"t/{topic}/k", b"x" * 5000, 1, 1, False))
    with closing(opened(server.tcp, Connect(V311, name(), True, 60))) as sock:
        for start in range(0, len(raw), 100):
            sock.sendall(raw[start : start + 100])
        assert packet(sock) == b"\x40\x02\x00\x01"


def test_a_client_that_reads_nothing_is_not_read(server: SimpleNamespace) -> None:
    """Pings whose answers are never taken: the proxy stops reading instead of keeping the answers."""
    before = server.running.rss()
    with closing(opened(server.tcp, Connect(V311, name(), True, 0))) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        sent = 0
        while sent < 60_000_000 and select.select([], [sock], [], 2.0)[1]:
            sent += sock.send(publisher.PINGREQ * 10_000)
        assert sent < 60_000_000, "the proxy went on reading"
    assert server.running.rss() - before < 30_000_000


def test_more_than_the_window_is_slowed_and_not_lost(server: SimpleNamespace) -> None:
    topic = name()
    raw = b"".join(publisher.publish(Publish(f"t/{topic}/k", b"%d" % n, 1, n + 1, False)) for n in range(2000))
    with closing(opened(server.tcp, Connect(V311, name(), True, 60))) as sock:
        sock.sendall(raw)
        answers = exactly(sock, 8000)
    assert [int.from_bytes(answers[n + 2 : n + 4], "big") for n in range(0, 8000, 4)] == list(range(1, 2001))
    assert [one.value for one in records(server.bootstrap, topic)] == [b"%d" % n for n in range(2000)]


def test_a_refused_publish_is_told_or_closes(server: SimpleNamespace) -> None:
    bad = Publish("nowhere", b"x", 1, 1, False)
    with closing(opened(server.tcp, Connect(V5, name(), True, 60))) as sock:
        sock.sendall(publisher.publish(bad, V5))
        answer = packet(sock)
        assert (answer[0], answer[4]) == (0x40, 0x90)
        sock.sendall(publisher.PINGREQ)
        assert packet(sock) == b"\xd0\x00"
    with closing(opened(server.tcp, Connect(V311, name(), True, 60))) as sock:
        sock.sendall(publisher.publish(bad))
        assert closed(sock)


def test_accounts_permission_and_reload(stack: Addresses, tmp_path: Path) -> None:
    port = free_port()
    accounts.write(tmp_path / "passwords", "g1", "secret one")
    rule = '[[rule]]\nname = "own"\nmqtt = "g/{who}"\ntopic = "own_names"\nallow = { who = "user" }\n'
    own = free_port()
    listeners = f"[[listener]]\nport = {port}\n[[listener]]\nport = {own}\nown_client_id = true\n"
    text = config(stack, listeners, 'passwords = "passwords"', rule)
    with proxy(tmp_path, text) as running:
        assert refused(port, Connect(V311, "c", True, 60)) == 5
        assert refused(own, Connect(V311, "g2", True, 60, username="g1", password=b"secret one")) == 2
        opened(own, Connect(V311, "g1", True, 60, username="g1", password=b"secret one")).close()
        assert refused(port, Connect(V311, "c", True, 60, username="g1", password=b"wrong")) == 4
        me = Connect(V5, "c", True, 60, username="g1", password=b"secret one")
        with closing(opened(port, me)) as sock:
            assert answer_to(sock, Publish("g/g1", b"x", 1, 1, False)) == 0
            assert answer_to(sock, Publish("g/g2", b"x", 1, 2, False)) == 0x87
            running.config.write_text(running.config.read_text().replace("allow = ", "key = '{who}' #"))
            accounts.write(tmp_path / "passwords", "g2", "secret two")
            running.signal(signal.SIGHUP)
            wait(lambda: any(one["event"] == "rules and passwords loaded" for one in running.events()))
            assert answer_to(sock, Publish("g/g2", b"x", 1, 3, False)) == 0
            running.config.write_text("[kafka")
            running.signal(signal.SIGHUP)
            wait(lambda: any(one["event"] == "not reloaded" for one in running.events()))
            assert answer_to(sock, Publish("g/g2", b"x", 1, 4, False)) == 0
        opened(port, Connect(V311, "d", True, 60, username="g2", password=b"secret two")).close()
        assert "secret" not in running.log.read_text()


def refused(port: int, connect: Connect) -> int:
    """The return code of a CONNECT that is refused and closed."""
    with closing(dial(port)) as sock:
        sock.sendall(publisher.connect(connect))
        answer = packet(sock)
        assert closed(sock)
        return answer[3]


def answer_to(sock: socket.socket, publish: Publish) -> int:
    """The reason code of a 5.0 publish."""
    sock.sendall(publisher.publish(publish, V5))
    head = exactly(sock, 2)
    body = exactly(sock, head[1] if head[1] < 128 else head[1] - 128 + 128 * exactly(sock, 1)[0])
    return body[2] if len(body) > 2 else 0


def test_sigterm_confirms_what_is_in_flight(stack: Addresses, tmp_path: Path) -> None:
    port, topic = free_port(), name()
    text = config(stack, f"[[listener]]\nport = {port}\nanonymous = true\n")
    with proxy(tmp_path, text) as running:
        sock = opened(port, Connect(V5, name(), True, 60))
        raw = b"".join(publisher.publish(Publish(f"t/{topic}/k", b"x", 1, n + 1, False), V5) for n in range(500))
        sock.sendall(raw + publisher.PINGREQ)
        wait(lambda: running.metrics()['mqtt_proxy_publishes_total{qos="1",worker="0"}'] == 500)
        assert running.stop() == 0
        data = b""
        while more := sock.recv(65536):
            data += more
        sock.close()
    assert data.count(b"\x40\x02") == 500
    assert data[data.rindex(b"\xe0") + 2] == 0x8B
    assert count(stack.kafka_bootstrap, topic) == 500
    assert json.loads(running.log.read_text().splitlines()[-1])["unconfirmed"] == 0


def test_workers_share_client_ids_and_come_back(stack: Addresses, tmp_path: Path) -> None:
    port, topic, client = free_port(), name(), name()
    text = config(stack, f"[[listener]]\nport = {port}\nanonymous = true\n")
    with proxy(tmp_path, text, workers=2) as running:
        socks = [opened(port, Connect(V5, client, True, 60)) for _ in range(12)]
        for sock in socks[:-1]:
            sock.settimeout(SECONDS)
            assert sock.recv(3)[::2] == b"\xe0\x8e"
        takeovers = [value for key, value in running.metrics().items() if "takeovers_total" in key]
        assert len(takeovers) == 2, "each worker has its own count"
        assert answer_to(socks[-1], Publish(f"t/{topic}/k", b"x", 1, 1, False)) == 0
        for sock in socks:
            sock.close()
        children = subprocess.run(["pgrep", "-P", str(running.pid)], capture_output=True, text=True, check=True)
        subprocess.run(["kill", "-9", children.stdout.split()[0]], check=True)
        wait(lambda: any(one["event"] == "worker ended" for one in running.events()))
        wait(running.healthy)
        opened(port, Connect(V5, client, True, 60)).close()
        assert running.stop() == 0


def test_client_certificates_name_their_owner(stack: Addresses, tmp_path: Path) -> None:
    """Mutual TLS: no certificate, no connection; with one, its common name is who the rules know."""
    authority(tmp_path)
    port = free_port()
    listener = (
        f'[[listener]]\nkind = "tls"\nport = {port}\ncertificate = "server.pem"\nkey = "server.key"\n'
        'client_ca = "ca.pem"\nrequire_client_certificate = true\n'
    )
    rule = '[[rule]]\nname = "own"\nmqtt = "g/{who}"\ntopic = "own_names"\nallow = { who = "certificate" }\n'
    with proxy(tmp_path, config(stack, listener, rule=rule)):
        assert turned_away(port, tmp_path)
        with tls(port, tmp_path, "device") as sock:
            sock.sendall(publisher.connect(Connect(V5, "c", True, 60)))
            assert packet(sock)[3] == 0
            assert answer_to(sock, Publish("g/device", b"x", 1, 1, False)) == 0
            assert answer_to(sock, Publish("g/other", b"x", 1, 2, False)) == 0x87


def turned_away(port: int, folder: Path) -> bool:
    """Whether a client without a certificate gets no answer; TLS 1.3 says so only after the handshake."""
    try:
        with tls(port, folder, None) as sock:
            sock.sendall(publisher.connect(Connect(V5, "c", True, 60)))
            return not sock.recv(1)
    except (ssl.SSLError, ConnectionError):
        return True


def authority(folder: Path) -> None:
    """ca.pem, and certificates of server (localhost) and device signed by it."""
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes"]
    root = [*new, "-x509", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority"]
    subprocess.run(root, cwd=folder, check=True, capture_output=True)
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for one, common in (("server", "localhost"), ("device", "device")):
        request = [*new, "-keyout", f"{one}.key", "-out", f"{one}.csr", "-subj", f"/CN={common}"]
        sign = ["openssl", "x509", "-req", "-in", f"{one}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        for argv in (request, [*sign, "-days", "2", "-out", f"{one}.pem", "-extfile", "names"]):
            subprocess.run(argv, cwd=folder, check=True, capture_output=True)


def tls(port: int, folder: Path, owner: str | None) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    if owner:
        context.load_cert_chain(folder / f"{owner}.pem", folder / f"{owner}.key")
    plain = dial(port)
    try:
        return context.wrap_socket(plain, server_hostname="localhost")
    except BaseException:
        plain.close()
        raise


def test_the_password_verb(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    argv = [sys.executable, "-m", "lab.proxy", "passwd", str(file), "g1"]
    done = subprocess.run(argv, input="a word\n", capture_output=True, text=True, check=True, cwd=ROOT)
    assert "g1 set" in done.stdout
    assert "a word" not in file.read_text() + done.stdout
    assert list(accounts.read(file)) == ["g1"]
    subprocess.run([*argv, "--remove"], check=True, capture_output=True, cwd=ROOT)
    again = subprocess.run([*argv, "--remove"], check=False, capture_output=True, text=True, cwd=ROOT)
    assert again.returncode == 1
    assert len(again.stderr.strip().splitlines()) == 2


def test_a_taken_port_and_a_wrong_file_say_so_in_two_lines(stack: Addresses, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        file = tmp_path / "proxy.toml"
        file.write_text(config(stack, f"[[listener]]\nport = {port}\nanonymous = true\n"))
        for named in (file, tmp_path / "none.toml"):
            argv = [sys.executable, "-m", "lab.proxy", "--config", str(named), "--log-level", "error"]
            done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT, timeout=SECONDS)
            assert done.returncode == 1
            last = done.stderr.strip().splitlines()[-2:]
            assert (str(port) in last[0]) or ("none.toml" in last[0])
            assert "Traceback" not in done.stderr
