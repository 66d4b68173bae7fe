"""The MQTT proxy as a service: its configuration file and its process."""

from __future__ import annotations

import json
import sys

from lab.names import Names, TopicSpec
from lab.reading import MQTT_ROOT
from lab.settings import ROOT
from lab.stack.layout import Layout, write
from lab.stack.ports import HOST
from lab.stack.spec import Service


def configuration(librdkafka: dict[str, str], mqtt_port: int, http_port: int, names: Names, host: str = HOST) -> str:
    """The proxy's TOML: where Kafka is, where to listen, and which MQTT topic goes to which Kafka topic."""
    settings = {k: v for k, v in librdkafka.items() if k != "bootstrap.servers"}
    lines = [
        "[kafka]",
        f"bootstrap = {json.dumps(librdkafka['bootstrap.servers'])}",
        "[kafka.settings]",
        *(f"{json.dumps(key)} = {json.dumps(value)}" for key, value in settings.items()),
        "[[listener]]",
        'kind = "tcp"',
        f"host = {json.dumps(host)}",
        f"port = {mqtt_port}",
        "anonymous = true",
        "[http]",
        f"host = {json.dumps(host)}",
        f"port = {http_port}",
        *_rules(names),
    ]
    return "\n".join(lines) + "\n"


def _rules(names: Names) -> list[str]:
    specs = {spec.name: spec for spec in names.topics()}
    return [
        *_rule("status", f"{MQTT_ROOT}/{{generatorID}}/status", specs[names.status]),
        *_rule("readings", f"{MQTT_ROOT}/{{generatorID}}", specs[names.readings]),
        # Room for experiments: lab/NAME/KEY makes the Kafka topic lab_NAME on demand and takes any payload.
        *_rule("lab", "lab/{name}/{key}", TopicSpec(f"{names.namespace}lab_{{name}}", partitions=3), key="{key}"),
    ]


def _rule(name: str, mqtt: str, topic: TopicSpec, key: str = "{generatorID}") -> list[str]:
    return [
        "[[rule]]",
        f"name = {json.dumps(name)}",
        f"mqtt = {json.dumps(mqtt)}",
        f"topic = {json.dumps(topic.name)}",
        f"key = {json.dumps(key)}",
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
        argv=(sys.executable, "-m", "lab.proxy", "--config", str(config)),
        directory=ROOT,
        log=layout.log("proxy"),
        environment={"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stop_seconds=10,
    )
