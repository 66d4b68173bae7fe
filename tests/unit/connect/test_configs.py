"""The two configurations against the data contract, and the plugin's own files against each other."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lab.base.addresses import Addresses
from lab.base.reading import Reading
from lab.connect.configs import sink_config, source_config
from lab.stack.java.jars import read
from lab.stack.java.plugin import PLUGIN, PLUGIN_LOCK, RESOURCES, SOURCES, version
from tests.support.nowhere import nowhere

LINES_AT_MOST = 250


@pytest.fixture
def addresses(tmp_path: Path) -> Addresses:
    token = tmp_path / "token"
    token.write_text("secret\n")
    return nowhere(backend="external", namespace="team1-", influx_token_file=token)


def test_every_name_has_the_namespace(addresses: Addresses) -> None:
    sink, source = sink_config(addresses), source_config(addresses)
    assert sink["topics"] == "team1-emergency_generators"
    assert sink["errors.deadletterqueue.topic.name"] == "team1-emergency_generators_dlq"
    assert sink["influxdb.bucket"] == "team1-kafka_raw"
    assert source["influxdb.bucket"] == "team1-kafka_downsampled"
    assert source["topic.name.format"] == "team1-generator_alarms"


def test_the_data_contract(addresses: Addresses) -> None:
    sink, source = sink_config(addresses), source_config(addresses)
    assert sink["connector.class"] == "InfluxDB2Sink"
    assert source["connector.class"] == "InfluxDB2Source"
    assert sink["write.precision"] == source["time.precision"] == "Microseconds"
    assert sink["tag.fields"] == source["key.tag"] == "generatorID"
    assert sink["event.time.fieldname"] == "time"
    assert sink["measurement.name.format"] == "genData"
    assert sink["max.retries"] == source["max.retries"] == "-1"
    assert all(isinstance(value, str) for value in {**sink, **source}.values())


def test_both_read_and_write_strict_json(addresses: Addresses) -> None:
    service = RESOURCES / "META-INF" / "services" / "org.apache.kafka.connect.storage.Converter"
    for config in (sink_config(addresses), source_config(addresses)):
        assert config["value.converter"] == service.read_text().strip()


def test_every_field_of_a_reading_has_the_type_of_the_contract(addresses: Addresses) -> None:
    kinds = {"float": "float", "int": "integer"}
    contract = {
        field.name: kinds[str(field.type)] for field in fields(Reading) if field.name not in ("generatorID", "time")
    }
    assert dict(pair.split(":") for pair in sink_config(addresses)["field.types"].split(",")) == contract


def test_the_service_files_name_classes_that_exist() -> None:
    for service in (RESOURCES / "META-INF" / "services").iterdir():
        path = SOURCES / (service.read_text().strip().replace(".", "/") + ".java")
        assert path.is_file(), service.name


def test_the_lock_holds_the_client_that_pom_xml_names() -> None:
    names = {"m": "http://maven.apache.org/POM/4.0.0"}
    wanted = ElementTree.parse(PLUGIN / "pom.xml").findtext("m:properties/m:influxdb.version", namespaces=names)
    locked = {jar.artifact: jar.version for jar in read(PLUGIN_LOCK)}
    assert locked["influxdb-client-java"] == wanted
    assert not {"kafka-clients", "connect-api", "slf4j-api"} & set(locked), (
        "the worker's jars do not belong in the plugin"
    )
    assert version()


def test_no_java_file_is_too_long() -> None:
    for path in PLUGIN.rglob("*.java"):
        assert len(path.read_text().splitlines()) < LINES_AT_MOST, path.name
