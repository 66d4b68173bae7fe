"""The proxy's process: it ends in order, shares its work among workers, and says why it does not start."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

from bench.proxy_process import proxy
from bench.proxy_records import count
from lab.base.addresses import Addresses
from lab.base.free_port import free_port
from lab.base.settings import ROOT
from lab.proxy.core.packets import V5, Connect, Publish
from tests.support import publisher
from tests.support.mqtt_wire import SECONDS, answer_to, config, name, opened
from tests.support.waiting import until


def test_sigterm_confirms_what_is_in_flight(stack: Addresses, tmp_path: Path) -> None:
    port, topic = free_port(), name()
    text = config(stack, f"[[listener]]\nport = {port}\nanonymous = true\n")
    with proxy(tmp_path, text) as running:
        sock = opened(port, Connect(V5, name(), True, 60))
        raw = b"".join(publisher.publish(Publish(f"t/{topic}/k", b"x", 1, n + 1, False), V5) for n in range(500))
        sock.sendall(raw + publisher.PINGREQ)
        until(lambda: running.metrics()['mqtt_proxy_publishes_total{qos="1",worker="0"}'] == 500)
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
        until(lambda: any(one["event"] == "worker ended" for one in running.events()))
        until(running.healthy)
        opened(port, Connect(V5, client, True, 60)).close()
        assert running.stop() == 0


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
