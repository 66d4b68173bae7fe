"""The configuration that services are started with, and the compose file held to it."""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib
from itertools import chain
from pathlib import Path
from uuid import UUID

import pytest
import yaml

from lab.base.errors import LearnerError
from lab.base.names import Names
from lab.base.settings import ROOT, Settings
from lab.proxy import accounts
from lab.proxy.config import load
from lab.stack import connect, kafka, proxy
from lab.stack.influxd import server
from lab.stack.java import jars
from lab.stack.layout import SOCKET_PATH_BYTES, Layout
from lab.stack.ports import Ports
from lab.stack.service import SERVICES, STOP_ORDER, Service
from lab.stack.supervisor import configuration, script

PLACE = Layout(Path("/state"), Path("/cache"))


def properties(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def test_brokers_listen_on_loopback_only_and_know_each_other() -> None:
    for node in (1, 2, 3):
        found = properties(kafka.configuration(node, Ports(), PLACE))
        addresses = re.findall(r"://([^:,]*):", found["listeners"] + found["advertised.listeners"])
        assert set(addresses) == {"127.0.0.1"}
        assert found["controller.quorum.voters"].count("@127.0.0.1:") == 3
        assert found["node.id"] == str(node)


def test_brokers_lose_nothing_that_was_acknowledged() -> None:
    found = properties(kafka.COMMON)
    assert found["min.insync.replicas"] == "2"
    assert found["default.replication.factor"] == found["offsets.topic.replication.factor"] == "3"
    assert found["unclean.leader.election.enable"] == found["auto.create.topics.enable"] == "false"


def test_a_worker_joins_no_group_of_another_stack() -> None:
    groups = {
        properties(connect.configuration(Ports(), Path("/plugin"), cluster))["group.id"] for cluster in ("one", "other")
    }
    assert len(groups) == 2


def test_connect_keeps_its_own_topics_three_times() -> None:
    found = properties(connect.configuration(Ports(), Path("/plugin"), "ourCluster"))
    assert [found[f"{what}.storage.replication.factor"] for what in ("config", "offset", "status")] == ["3"] * 3
    assert found["plugin.path"] == "/plugin"
    assert found["listeners"] == "http://127.0.0.1:8083"


def test_proxy_rules_follow_the_names_and_their_durability() -> None:
    librdkafka = {"bootstrap.servers": "127.0.0.1:9092", "sasl.password": 'a"b\\c'}
    found = tomllib.loads(proxy.configuration(librdkafka, 1883, 9464, Names("class_")))
    assert found["kafka"]["bootstrap"] == "127.0.0.1:9092"
    assert found["kafka"]["settings"]["sasl.password"] == 'a"b\\c'
    assert found["listener"] == [{"kind": "tcp", "host": "127.0.0.1", "port": 1883, "anonymous": True}]
    status, readings = found["rule"][:2]
    assert (status["topic"], status["compacted"], status["partitions"]) == (
        "class_emergency_generators_status",
        True,
        3,
    )
    assert (readings["topic"], readings["partitions"], readings["min_insync"]) == ("class_emergency_generators", 6, 2)


def test_influxd_listens_on_loopback_and_reports_nothing_home() -> None:
    argv = server.argv(Path("/influxd"), Ports(influxd=1234), PLACE)
    assert "--http-bind-address=127.0.0.1:1234" in argv
    assert "--reporting-disabled" in argv


def test_supervisor_reads_back_what_a_service_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.base.pace.pace", lambda: 1.0)
    argv = ("/a path/java", "-Dx=100%", "quote'd")
    service = Service("kafka1", argv, PLACE.log("kafka1"), {"KEY": "a%b"}, stop_seconds=4)
    parser = configparser.RawConfigParser()
    parser.read_string(configuration([service], PLACE))
    program = dict(parser["program:kafka1"])
    assert (program["command"], program["stdout_logfile"]) == ("/bin/sh kafka1.sh", "../logs/kafka1.log")
    assert (program["autorestart"], program["stopwaitsecs"]) == ("true", "4")
    assert parser["unix_http_server"]["chmod"] == "0700"
    lines = script(service).splitlines()
    assert shlex.split(lines[-1]) == ["exec", *argv]
    assert lines[1:-1] == ["export KEY=a%b"]


def test_a_deep_state_folder_gets_a_short_socket_path() -> None:
    deep = Layout(Path("/deep" * 40), Path("/cache"))
    assert len(str(deep.socket)) <= SOCKET_PATH_BYTES
    assert deep.socket != Layout(Path("/deeper" * 40), Path("/cache")).socket
    assert PLACE.socket == Path("/state/run/supervisor.sock")


def test_every_service_stops_once_and_the_proxy_first() -> None:
    assert sorted(chain.from_iterable(STOP_ORDER)) == sorted(SERVICES)
    assert STOP_ORDER[0] == ("proxy",)


def test_every_jar_is_locked_by_its_checksum_and_all_of_kafka_is_one_version() -> None:
    found = jars.read(jars.KAFKA_LOCK)
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in found)
    assert {jar.version for jar in found if jar.group == "org.apache.kafka"} == {"4.3.1"}
    assert len({jar.filename for jar in found}) == len(found)


def compose() -> dict[str, dict[str, object]]:
    loaded: dict[str, dict[str, object]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return loaded


def test_compose_has_every_service_by_the_same_name() -> None:
    assert set(compose()) == {*SERVICES, "net"}


def test_compose_publishes_the_usual_ports_on_loopback_only() -> None:
    usual = Ports()
    wanted = [usual.mqtt, usual.proxy_http, usual.kafka1, usual.kafka2, usual.kafka3, usual.connect, usual.influxd]
    assert compose()["net"]["ports"] == [f"127.0.0.1:{port}:{port}" for port in wanted]


def test_compose_runs_the_versions_of_the_native_back_end() -> None:
    version = next(jar.version for jar in jars.read(jars.KAFKA_LOCK) if jar.artifact == "kafka-clients")
    services = compose()
    assert {services[name]["image"] for name in ("kafka1", "kafka2", "kafka3", "connect")} == {
        f"apache/kafka:{version}"
    }
    assert services["influxd"]["image"] == f"influxdb:{server.VERSION.rpartition('.')[0]}"


def test_compose_brokers_are_configured_as_the_native_ones() -> None:
    for node in (1, 2, 3):
        environment = compose()[f"kafka{node}"]["environment"]
        assert isinstance(environment, dict)
        native = properties(kafka.configuration(node, Ports(), PLACE))
        same = {key for key in native if key not in ("listeners", "log.dirs")}
        for key in same:
            assert str(environment[f"KAFKA_{key.upper().replace('.', '_')}"]) == native[key], key


def test_compose_watches_the_health_of_every_service() -> None:
    assert all("healthcheck" in service for name, service in compose().items() if name != "net")


def test_a_cluster_id_is_never_taken_for_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([UUID(bytes=b"\xf8" + 15 * b"\0"), UUID(bytes=b"\xf9" + 15 * b"\0"), UUID(bytes=16 * b"\xff")])
    monkeypatch.setattr(kafka.uuid, "uuid4", lambda: next(drawn))
    assert kafka.random_id() == 21 * "_" + "w"


# A listener for the network


def chosen(**fields: object) -> Settings:
    return Settings.model_construct(**fields)


def test_the_network_gets_a_listener_of_its_own_with_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "passwords"
    accounts.write(file, "device1", "long and random")
    one = chosen(mqtt_listen="0.0.0.0:2883", mqtt_passwords=file)
    monkeypatch.setattr(proxy, "current", lambda: one)
    path = tmp_path / "proxy.toml"
    path.write_text(proxy.configuration({"bootstrap.servers": "127.0.0.1:9092"}, 1883, 9464, Names("")))
    found = load(path)
    assert [(each.host, each.port, each.anonymous) for each in found.listener] == [
        ("127.0.0.1", 1883, True),
        ("0.0.0.0", 2883, False),
    ]
    assert found.passwords == file
    assert found.http is not None
    assert found.http.host == "127.0.0.1"
    assert "unencrypted" in (proxy.warning(one) or "")
    assert proxy.warning(chosen()) is None


@pytest.mark.parametrize(
    ("listen", "passwords", "host", "says"),
    [
        ("0.0.0.0:2883", None, "127.0.0.1", "no accounts"),
        ("0.0.0.0:2883", "empty", "127.0.0.1", "no accounts"),
        ("0.0.0.0:2883", "absent", "127.0.0.1", "cannot be read"),
        ("0.0.0.0:2883", "good", "0.0.0.0", "compose"),
        ("0.0.0.0", "good", "127.0.0.1", "not an address and a port"),
        (":2883", "good", "127.0.0.1", "not an address and a port"),
        ("0.0.0.0:99999", "good", "127.0.0.1", "not an address and a port"),
    ],
)
def test_a_listener_that_would_be_open_to_everybody_or_nobody_is_refused(
    listen: str, passwords: str | None, host: str, says: str, tmp_path: Path
) -> None:
    accounts.write(tmp_path / "good", "device1", "long and random")
    (tmp_path / "empty").write_text("# nobody yet\n")
    one = chosen(mqtt_listen=listen, mqtt_passwords=tmp_path / passwords if passwords else None)
    with pytest.raises(LearnerError, match=says):
        proxy.network_listener(one, host)
