"""Four independent MQTT clients against the proxy: both versions, all QoS, TCP, TLS and WebSocket."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import aiomqtt
import gmqtt
import paho.mqtt.client as paho
import pytest

from bench.proxy_process import proxy
from bench.proxy_records import count, records
from lab.base.addresses import Addresses
from lab.base.free_port import free_port
from lab.base.pace import allow

SECONDS = allow(30.0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cert.pem and key.pem for localhost."""
    folder = tmp_path_factory.mktemp("tls")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *files, *subject]
    subprocess.run(argv, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def server(stack: Addresses, certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A proxy with a listener of each kind; each test has a Kafka topic of its own by its MQTT topic."""
    ports = {kind: free_port() for kind in ("tcp", "tls", "ws", "wss")}
    listeners = "".join(
        f'[[listener]]\nkind = "{kind}"\nport = {port}\nanonymous = true\n'
        + (f'certificate = "{certificate}/cert.pem"\nkey = "{certificate}/key.pem"\n' if kind in ("tls", "wss") else "")
        for kind, port in ports.items()
    )
    rule = '[[rule]]\nname = "any"\nmqtt = "t/{topic}/{key}"\ntopic = "{topic}"\nkey = "{key}"\npartitions = 2\n'
    config = f'[kafka]\nbootstrap = "{stack.kafka_bootstrap}"\n{listeners}{rule}'
    with proxy(tmp_path_factory.mktemp("proxy"), config) as running:
        yield SimpleNamespace(
            ports=ports, running=running, bootstrap=stack.kafka_bootstrap, ca=str(certificate / "cert.pem")
        )


@pytest.mark.parametrize("version", [paho.MQTTv311, paho.MQTTv5])
@pytest.mark.parametrize("kind", ["tcp", "tls", "ws", "wss"])
def test_paho(server: SimpleNamespace, kind: str, version: int) -> None:
    topic = f"paho_{kind}_{version}_{uuid4().hex[:8]}"
    transport = "websockets" if kind.startswith("ws") else "tcp"
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=version, transport=transport)  # type: ignore[arg-type]
    if kind in ("tls", "wss"):
        client.tls_set(server.ca)
    client.connect("localhost", server.ports[kind])
    client.loop_start()
    for qos in (1, 2, 0, 1):  # the last one confirmed: what came before it is there too
        info = client.publish(f"t/{topic}/g1", f"qos{qos}", qos)
        info.wait_for_publish(SECONDS)
        assert info.is_published()
    client.disconnect()
    client.loop_stop()
    assert [(one.key, one.value) for one in records(server.bootstrap, topic)] == [
        (b"g1", value) for value in (b"qos1", b"qos2", b"qos0", b"qos1")
    ]


@pytest.mark.parametrize("version", [aiomqtt.ProtocolVersion.V311, aiomqtt.ProtocolVersion.V5])
@pytest.mark.parametrize("kind", ["tcp", "tls"])
async def test_aiomqtt(server: SimpleNamespace, kind: str, version: aiomqtt.ProtocolVersion) -> None:
    topic = f"aiomqtt_{kind}_{version.name}_{uuid4().hex[:8]}"
    context = ssl.create_default_context(cafile=server.ca) if kind == "tls" else None
    async with aiomqtt.Client("localhost", server.ports[kind], protocol=version, tls_context=context) as client:
        for qos in (2, 0, 1):
            await client.publish(f"t/{topic}/g1", f"qos{qos}", qos, timeout=SECONDS)
    found = await asyncio.to_thread(records, server.bootstrap, topic)
    assert [one.value for one in found] == [b"qos2", b"qos0", b"qos1"]


async def test_gmqtt(server: SimpleNamespace) -> None:
    topic = f"gmqtt_{uuid4().hex[:8]}"
    client = gmqtt.Client(uuid4().hex)
    await client.connect("localhost", server.ports["tcp"], version=gmqtt.constants.MQTTv50)
    client.publish(f"t/{topic}/g1", b"one", qos=1, user_property=[("a", "b")], content_type="text/plain", retain=True)
    client.publish(f"t/{topic}/g1", b"two", qos=2)
    async with asyncio.timeout(SECONDS):
        while await asyncio.to_thread(count, server.bootstrap, topic) < 2:
            await asyncio.sleep(0.2)
    await client.disconnect()
    found = await asyncio.to_thread(records, server.bootstrap, topic)
    assert [one.value for one in found] == [b"one", b"two"]
    assert dict(found[0].headers) == {"mqtt.retain": b"1", "mqtt.content_type": b"text/plain", "a": b"b"}


@pytest.mark.skipif(shutil.which("mosquitto_pub") is None, reason="mosquitto_pub is not installed")
@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_mosquitto_pub(server: SimpleNamespace, kind: str, version: str) -> None:
    topic = f"mosquitto_{kind}_{version}_{uuid4().hex[:8]}"
    for qos in ("1", "2", "0"):
        tls = ["--cafile", server.ca] if kind == "tls" else []
        argv = ["mosquitto_pub", "-h", "localhost", "-p", str(server.ports[kind]), "-V", version, "-q", qos, *tls]
        subprocess.run([*argv, "-t", f"t/{topic}/g1", "-m", f"qos{qos}"], check=True, timeout=SECONDS)
    assert {one.value for one in records(server.bootstrap, topic)} >= {b"qos1", b"qos2"}


@pytest.mark.skipif(shutil.which("mosquitto_sub") is None, reason="mosquitto_sub is not installed")
@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_a_subscriber_is_told_no(server: SimpleNamespace, version: str) -> None:
    argv = ["mosquitto_sub", "-p", str(server.ports["tcp"]), "-V", version, "-t", "t/#", "-d"]
    said = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert "denied" in said.stdout + said.stderr
