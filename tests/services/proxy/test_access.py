"""Who may publish what to the proxy: passwords, rules and their reload, client certificates."""

from __future__ import annotations

import signal
import ssl
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from bench.proxy_process import proxy
from lab.base.addresses import Addresses
from lab.base.free_port import free_port
from lab.base.settings import ROOT
from lab.proxy import accounts
from lab.proxy.core.packets import V5, V311, Connect, Publish
from tests.support import publisher
from tests.support.mqtt_wire import answer_to, closed, config, dial, opened, packet
from tests.support.waiting import until


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
            until(lambda: any(one["event"] == "rules and passwords loaded" for one in running.events()))
            assert answer_to(sock, Publish("g/g2", b"x", 1, 3, False)) == 0
            running.config.write_text("[kafka")
            running.signal(signal.SIGHUP)
            until(lambda: any(one["event"] == "not reloaded" for one in running.events()))
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
