"""The external back end: Kafka, Connect and InfluxDB that somebody else runs; only the proxy is started here."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from lab.base import addresses, locks
from lab.base.addresses import Addresses, KafkaSecurity
from lab.base.errors import LearnerError, ServiceError
from lab.base.files import write
from lab.base.pace import Stopwatch
from lab.base.progress import Report
from lab.base.settings import Settings, settings
from lab.provision import essentials
from lab.stack import native, orphans, proxy, ready, service_status, supervisor
from lab.stack.layout import Layout
from lab.stack.ports import HOST
from lab.stack.service import SERVICES, ServiceStatus, State

NEEDED = ("kafka_bootstrap", "connect_url", "influx_url", "influx_token")


def up(layout: Layout, report: Report, wait: bool = True) -> Addresses:
    """Ask the services there are, start the proxy, and write stack.json. `wait` changes nothing here."""
    chosen = settings()
    require(chosen)
    layout.prepare()
    with locks.hold(layout.run / "up.lock", report):
        where = _start_proxy(chosen, layout, report)
        report("Asking Kafka, Connect and InfluxDB")
        for name in SERVICES:
            if not name.startswith("kafka") or name == "kafka1":
                _demand(name, where)
        essentials(where, report)
    return where


def require(chosen: Settings) -> None:
    """Raise LearnerError naming the settings that are missing."""
    missing = [f"LAB_{name.upper()}" for name in NEEDED if getattr(chosen, name) is None]
    if missing:
        raise LearnerError(
            f"LAB_BACKEND=external needs {', '.join(missing)}.", "Set them; docs/operating.md explains each."
        )


def external_addresses(chosen: Settings, mqtt: int, http: int, layout: Layout) -> Addresses:
    """Where the external services and our proxy answer; secrets go to files of mode 0600."""
    return Addresses(
        backend="external",
        namespace=chosen.namespace,
        mqtt_host=HOST,
        mqtt_port=mqtt,
        proxy_url=f"http://{HOST}:{http}",
        kafka_bootstrap=str(chosen.kafka_bootstrap),
        kafka_security=KafkaSecurity(
            protocol=chosen.kafka_security_protocol,
            sasl_mechanism=chosen.kafka_sasl_mechanism,
            username=chosen.kafka_sasl_username,
            password_file=_secret(layout.secrets / "kafka-password", chosen.kafka_sasl_password),
            ca_file=chosen.kafka_ssl_cafile,
        ),
        connect_url=str(chosen.connect_url).rstrip("/"),
        influx_url=str(chosen.influx_url).rstrip("/"),
        influx_org=chosen.influx_org,
        influx_token_file=_secret(layout.influx_token, chosen.influx_token) or layout.influx_token,
    )


def _start_proxy(chosen: Settings, layout: Layout, report: Report) -> Addresses:
    running = supervisor.processes(layout)
    if running is not None:
        where = addresses.load(layout.state)
        supervisor.start("proxy", layout)
    else:
        orphans.end(orphans.find(layout))
        with native.reserve_ports(layout, report) as reserved:
            free = reserved.ports
            where = external_addresses(chosen, free.mqtt, free.proxy_http, layout)
            where = where.model_copy(update={"pace": Stopwatch().pace()})
            text = proxy.configuration(where.librdkafka(), free.mqtt, free.proxy_http, where.names)
            addresses.save(where, layout.state)
            report("Starting the MQTT proxy")
            supervisor.launch([proxy.service(text, layout)], layout, reserved.holders)
    ready.proxy(where, layout)
    return where


def _demand(name: str, where: Addresses) -> None:
    answer = service_status.answer(name, where)
    if not answer.ok:
        what = name.rstrip("1")
        raise ServiceError(name, f"{what} does not answer: {answer.text}", "Check its LAB_ settings and the network.")


def down(layout: Layout, report: Report) -> None:
    """Stop the proxy; what others run is left alone."""
    native.down(layout, report)


def status(layout: Layout, where: Addresses) -> list[ServiceStatus]:
    """Each broker of the bootstrap list, Connect and InfluxDB by real requests; the proxy also as a process."""
    brokers = [f"kafka{n}" for n in range(1, len(where.kafka_bootstrap.split(",")) + 1)]
    process = (supervisor.processes(layout) or {}).get("proxy")
    rows = [_foreign(name, where) for name in [*brokers, "connect", "influxd"]]
    pid = process.pid if process else None
    answer = service_status.ask("proxy", where, process)
    state, detail = service_status.decide("proxy", process, answer, None, "")
    return [
        *rows,
        ServiceStatus(
            "proxy", state, pid, service_status.address("proxy", where), detail, service_status.memory_mb(pid)
        ),
    ]


def _foreign(name: str, where: Addresses) -> ServiceStatus:
    answer = service_status.answer(name, where)
    state: State = "ready" if answer.ok else "failed"
    return ServiceStatus(name, state, None, service_status.address(name, where), answer.text, None)


def _secret(path: Path, value: SecretStr | None) -> Path | None:
    return write(path, value.get_secret_value() + "\n") if value is not None else None
