"""Other people's clients, installed from their registries: what docs/proxy.md says was tried with them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.proxy_process import proxy
from bench.proxy_records import records
from lab.base.addresses import Addresses
from lab.base.free_port import free_port
from lab.base.settings import ROOT
from tests.support.mqtt_wire import config, name

PROGRAMS = ROOT / "tests/clients"
INSTALL_SECONDS = 900.0
SECONDS = 180.0


@dataclass(frozen=True)
class Client:
    """One client library: how its program is installed and run."""

    folder: str
    tool: str
    install: tuple[str, ...]
    run: tuple[str, ...]
    more: tuple[str, ...] = ()


NODE = Client("mqttjs", "npm", ("npm", "install", "--no-audit", "--no-fund"), ("node", "client.js"))
GO = Client("go", "go", ("sh", "-c", "go mod tidy && go build -o program ."), ("./program",))
RUST = Client("rust", "cargo", ("cargo", "build", "--quiet"), ("target/debug/client",))
JAVA = Client(
    "java",
    "mvn",
    ("mvn", "-q", "-B", "dependency:copy-dependencies"),
    ("java", "-cp", "target/dependency/*", "Client.java"),
)
CLIENTS: dict[tuple[str, str], tuple[Client, tuple[str, ...]]] = {
    ("MQTT.js", "5.16.0"): (NODE, ("tcp", "ws")),
    ("Eclipse Paho Go", "1.5.1 (3.1.1), 0.23.0 (5.0, autopaho)"): (GO, ("",)),
    ("rumqttc", "0.25.0"): (RUST, ("",)),
    ("HiveMQ MQTT Client (Java)", "1.3.10"): (JAVA, ("hivemq",)),
    ("Eclipse Paho Java", "1.2.5"): (JAVA, ("paho",)),
}
"""By name and version as the documentation has them; with what the program is told to use."""


def test_the_documentation_lists_every_client_that_is_tried() -> None:
    rows = [line for line in (ROOT / "docs/proxy.md").read_text().splitlines() if line.startswith("| ")]
    for title, version in CLIENTS:
        assert any(row.startswith(f"| {title} | {version} |") for row in rows), title


@pytest.fixture(scope="module")
def server(stack: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    ports = {"tcp": free_port(), "ws": free_port()}
    listeners = "".join(
        f'[[listener]]\nkind = "{kind}"\nport = {port}\nanonymous = true\n' for kind, port in ports.items()
    )
    with proxy(tmp_path_factory.mktemp("proxy"), config(stack, listeners)) as running:
        yield SimpleNamespace(ports=ports, running=running, bootstrap=stack.kafka_bootstrap)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Client], Path]:
    """Copies and installs a client's folder, once."""
    done: dict[str, Path] = {}

    def install(client: Client) -> Path:
        if shutil.which(client.tool) is None:
            pytest.skip(f"{client.tool} is not installed")
        if client.folder not in done:
            folder = tmp_path_factory.mktemp("clients") / client.folder
            shutil.copytree(PROGRAMS / client.folder, folder)
            made = subprocess.run(
                client.install, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
            )
            assert made.returncode == 0, made.stdout[-2_000:] + made.stderr[-2_000:]
            done[client.folder] = folder
        return done[client.folder]

    return install


@pytest.mark.thorough("other people's MQTT clients")
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize(("title", "use"), [(title, use) for (title, _), (_, uses) in CLIENTS.items() for use in uses])
def test_a_client_of_the_world(
    server: SimpleNamespace, installed: Callable[[Client], Path], title: str, use: str, version: int
) -> None:
    [client] = [client for (name_, _), (client, _) in CLIENTS.items() if name_ == title]
    topic = name()
    argv = [*client.run, "127.0.0.1", str(server.ports["ws" if use == "ws" else "tcp"]), str(version), topic, use]
    wills = wills_published(server)
    done = subprocess.run(argv, cwd=installed(client), capture_output=True, text=True, timeout=SECONDS, check=False)
    said = done.stdout.split("\n")
    assert "done" in said, done.stdout[-2_000:] + done.stderr[-2_000:]
    if version == 5:
        assert "refused 144" in said, done.stdout
    found = [int(one.value) for one in records(server.bootstrap, topic)]
    assert sorted(found) == list(range(60))
    assert [number for number in found if number >= 20] == list(range(20, 60)), "in the order in which they were sent"
    assert wills_published(server) == wills


def wills_published(server: SimpleNamespace) -> float:
    return float(server.running.metrics()['mqtt_proxy_wills_total{worker="0"}'])
