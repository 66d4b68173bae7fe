"""The native stack as a list of services: configuration is written here, nothing is started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.base.addresses import Addresses
from lab.base.settings import settings
from lab.stack import aot_build, connect, influxd_install, kafka, proxy
from lab.stack.influxd import binary, server
from lab.stack.java import aot
from lab.stack.layout import Layout
from lab.stack.ports import HOST, Ports
from lab.stack.service import Service


@dataclass(frozen=True)
class Parts:
    """What must be at hand before anything starts: jars, the plugin's folder, and influxd when there is one."""

    jars: list[Path]
    plugin: Path
    influxd: Path | None


def addresses(ports: Ports, layout: Layout) -> Addresses:
    """Where the native services answer."""
    return Addresses(
        backend="native",
        namespace=settings().namespace,
        mqtt_host=HOST,
        mqtt_port=ports.mqtt,
        proxy_url=f"http://{HOST}:{ports.proxy_http}",
        kafka_bootstrap=ports.bootstrap,
        kafka_cluster=kafka.cluster_id(layout),
        connect_url=f"http://{HOST}:{ports.connect}",
        influx_url=f"http://{HOST}:{ports.influxd}",
        influx_org=settings().influx_org,
        influx_token_file=layout.influx_token,
    )


def services(parts: Parts, ports: Ports, layout: Layout) -> list[Service]:
    """Every process of the native stack, its configuration written."""
    where = addresses(ports, layout)
    text = proxy.configuration(where.librdkafka(), ports.mqtt, ports.proxy_http, where.names)
    found = parts.influxd
    plan = [
        *kafka.services(ports, parts.jars, layout, aot.options(parts.jars, "kafka")),
        connect.service(ports, parts.jars, parts.plugin, layout, aot.options(parts.jars, "connect")),
        server.service(found or binary.cached(), ports, layout, start=found is not None),
        proxy.service(text, layout),
        influxd_install.service(layout),
    ]
    if aot_build.wanted(parts.jars):
        plan.append(aot_build.service(layout))
    return plan
