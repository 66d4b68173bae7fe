"""The MQTT proxy as a service: its configuration file and its process.

The pipeline's own listener is anonymous and on the loopback interface. Devices on the network reach another one, which
is opened when `LAB_MQTT_LISTEN` asks for it, and takes nobody without an account.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lab.base.errors import LearnerError
from lab.base.files import write
from lab.base.names import Names, TopicSpec
from lab.base.reading import MQTT_ROOT
from lab.base.settings import ROOT, Settings
from lab.base.settings import settings as current
from lab.stack.layout import Layout
from lab.stack.ports import HOST
from lab.stack.service import Service


def configuration(librdkafka: dict[str, str], mqtt_port: int, http_port: int, names: Names, host: str = HOST) -> str:
    """The proxy's TOML: where Kafka is, where to listen, and which MQTT topic goes to which Kafka topic."""
    settings = {k: v for k, v in librdkafka.items() if k != "bootstrap.servers"}
    head, listener = network_listener(current(), host)
    lines = [
        *head,
        "[kafka]",
        f"bootstrap = {quoted(librdkafka['bootstrap.servers'])}",
        "[kafka.settings]",
        *(f"{quoted(key)} = {quoted(value)}" for key, value in settings.items()),
        "[[listener]]",
        'kind = "tcp"',
        f"host = {quoted(host)}",
        f"port = {mqtt_port}",
        "anonymous = true",
        *listener,
        "[http]",
        f"host = {quoted(host)}",
        f"port = {http_port}",
        *_rules(names),
    ]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """A TOML string. JSON's own escapes of what lies beyond 16 bits are none in TOML, and so letters stay letters."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def network_listener(chosen: Settings, host: str = HOST) -> tuple[list[str], list[str]]:
    """The TOML that opens a listener for the network: lines for the head of the file, and for the listeners' place.

    Raises LearnerError when it could not be opened, or would be open to everybody.
    """
    passwords = [f"passwords = {quoted(str(_accounts(chosen.mqtt_passwords)))}"] if chosen.mqtt_passwords else []
    if chosen.mqtt_listen is None:
        return passwords, []
    if not passwords:
        raise LearnerError(
            "LAB_MQTT_LISTEN opens the proxy to the network, and there are no accounts.",
            "Make one with .venv/bin/python -m lab.proxy passwd FILE NAME, and name the file in LAB_MQTT_PASSWORDS.",
        )
    if host != HOST:
        raise LearnerError(
            "LAB_MQTT_LISTEN does not work with the compose back end, whose ports are published on loopback only.",
            "Use the native back end: LAB_BACKEND=native.",
        )
    address, port = _address(chosen.mqtt_listen)
    return passwords, ["[[listener]]", 'kind = "tcp"', f"host = {quoted(address)}", f"port = {port}"]


def _accounts(file: Path) -> Path:
    from lab.proxy.accounts import read

    if not read(file):
        raise LearnerError(
            f"The password file {file} has no accounts.", f"Add one: .venv/bin/python -m lab.proxy passwd {file} NAME."
        )
    return file.resolve()


def _address(text: str) -> tuple[str, int]:
    address, _, port = text.rpartition(":")
    if not address or not port.isdigit() or not 0 < int(port) < 65_536:
        raise LearnerError(
            f"LAB_MQTT_LISTEN is {text!r}, which is not an address and a port.",
            "Write the address of a network interface, or 0.0.0.0 for all: LAB_MQTT_LISTEN=0.0.0.0:2883.",
        )
    return address.strip("[]"), int(port)


def warning(chosen: Settings) -> str | None:
    """What to know of a listener that is open to the network; None when there is none."""
    if chosen.mqtt_listen is None:
        return None
    return (
        f"Warning: devices on the network can publish to {chosen.mqtt_listen} with an account of "
        f"{chosen.mqtt_passwords}. Passwords and readings travel unencrypted; docs/proxy.md says how to use TLS."
    )


def _rules(names: Names) -> list[str]:
    specs = {spec.name: spec for spec in names.topics()}
    return [
        *_rule("status", f"{MQTT_ROOT}/{{generatorID}}/status", specs[names.status]),
        *_rule("readings", f"{MQTT_ROOT}/{{generatorID}}", specs[names.readings]),
        # Room for experiments: lab/NAME/KEY makes the Kafka topic lab_NAME on demand and takes any payload.
        *_rule("lab", "lab/{name}/{key}", TopicSpec(f"{names.namespace}lab_{{name}}", partitions=3), key="{key}"),
        # Whatever else is published: a 3.1.1 client whose connection closes would send it again for ever.
        *_rule("strays", "{topic#}", TopicSpec(names.strays, partitions=1), key="{topic}"),
    ]


def _rule(name: str, mqtt: str, topic: TopicSpec, key: str = "{generatorID}") -> list[str]:
    return [
        "[[rule]]",
        f"name = {quoted(name)}",
        f"mqtt = {quoted(mqtt)}",
        f"topic = {quoted(topic.name)}",
        f"key = {quoted(key)}",
        f"partitions = {topic.partitions}",
        f"replication = {topic.replicas}",
        f"min_insync = {topic.min_insync}",
        *(["compacted = true"] if topic.compacted else []),
    ]


def service(text: str, layout: Layout) -> Service:
    """Write the proxy's configuration and describe its process."""
    config = write(layout.state / "proxy.toml", text)
    return Service(
        name="proxy",
        argv=(sys.executable, "-P", "-m", "lab.proxy", "--config", layout.seen(config)),
        log=layout.log("proxy"),
        environment={"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stop_seconds=10,
    )
