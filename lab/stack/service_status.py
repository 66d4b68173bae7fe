"""What state each service is in: decided from what the supervisor and the service itself say.

`decide` is pure and tested on recorded histories; `status` asks and hands it the answers.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

from lab.base.addresses import Addresses
from lab.stack import answers
from lab.stack.influxd import progress
from lab.stack.influxd.progress import Progress
from lab.stack.layout import Layout
from lab.stack.logs import latest
from lab.stack.service import SERVICES, ServiceStatus, State
from lab.stack.supervisor import Process, processes

BUILD = "influxd-build"


@dataclass(frozen=True)
class Answer:
    """What the probe heard: `ok` with what the service said, or the reason why not."""

    ok: bool
    text: str


def decide(
    name: str, process: Process | None, heard: Answer | None, building: Progress | None, last: str
) -> tuple[State, str]:
    """State and detail of one service.

    `building` is how far influxd's download or build is, `last` the last error in the service's log.
    """
    if heard and heard.ok:
        return "ready", heard.text
    if building is not None and name == "influxd":
        return ("failed" if building.failed else "building"), building.text
    if process is None or process.state in ("STOPPED", "STOPPING"):
        return "stopped", ""
    if process.state in ("FATAL", "EXITED", "UNKNOWN"):
        return "failed", last or process.description
    if process.state == "BACKOFF":
        return "starting", f"ended right after its start; {last}" if last else process.description
    return "starting", heard.text if heard else ""


def status(layout: Layout, where: Addresses) -> list[ServiceStatus]:
    """The state of every native service, each asked at this moment."""
    known = processes(layout) or {}
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        heard = dict(zip(SERVICES, pool.map(lambda name: ask(name, where, known.get(name)), SERVICES), strict=True))
    return [_one(name, known, heard[name], where, layout) for name in SERVICES]


def ask(name: str, where: Addresses, process: Process | None) -> Answer | None:
    """Probe one service, unless its process is known not to run. What another program answers is no answer."""
    if not process or not process.pid:
        return None
    why = foreign(name, where, process.pid)
    return Answer(False, why) if why else answer(name, where)


def foreign(name: str, where: Addresses, pid: int) -> str | None:
    """Why what answers at a service's ports is not the process that the supervisor runs; None when it is."""
    return next((why for port in ports_of(name, where) if (why := answers.stranger(pid, port))), None)


def ports_of(name: str, where: Addresses) -> list[int]:
    """The ports at which a service answers."""
    found = [address(name, where), *([where.proxy_url] if name == "proxy" and where.proxy_url else [])]
    return [port for one in found if (port := urlsplit(f"//{one.rpartition('//')[2]}").port)]


def answer(name: str, where: Addresses) -> Answer:
    """What a service says to a real request."""
    probe = PROBES.get(name) or _broker(int(name.removeprefix("kafka")))
    try:
        return Answer(True, probe(where))
    except answers.Unanswered as error:
        return Answer(False, str(error))


def _broker(node: int) -> Callable[[Addresses], str]:
    def probe(where: Addresses) -> str:
        config = where.librdkafka()
        own = config.pop("bootstrap.servers").split(",")[node - 1]
        known = answers.kafka(own, config, where.kafka_cluster)
        if where.backend != "external" and node not in known:
            raise answers.Unanswered("not yet registered with the controllers")
        return f"{len(known)} brokers known"

    return probe


def _cluster(where: Addresses) -> str:
    """Kafka as a whole: some broker answers. One of three may be down, as lesson 06 has it."""
    config = where.librdkafka()
    known = answers.kafka(config.pop("bootstrap.servers"), config, where.kafka_cluster)
    return f"{len(known)} brokers known"


PROBES: dict[str, Callable[[Addresses], str]] = {
    "kafka": _cluster,
    "kafka1": _broker(1),
    "kafka2": _broker(2),
    "kafka3": _broker(3),
    "connect": lambda where: f"Connect {answers.connect(where.connect_url, where.kafka_cluster)}",
    "influxd": lambda where: f"InfluxDB {answers.influx(where)}",
    "proxy": answers.proxy,
}
"""One real request per service, and to `kafka` as a whole."""


def _one(
    name: str, known: dict[str, Process], answer: Answer | None, where: Addresses, layout: Layout
) -> ServiceStatus:
    process = known.get(name)
    last = latest(layout.log(name))
    state, detail = decide(name, process, answer, _progress(name, known, layout), last)
    pid = process.pid if process else None
    return ServiceStatus(name, state, pid, address(name, where), detail, memory_mb(pid))


def _progress(name: str, known: dict[str, Process], layout: Layout) -> Progress | None:
    """How far influxd's build is, while the supervisor runs it or after it failed."""
    process = known.get(BUILD)
    if name != "influxd" or process is None:
        return None
    found = progress.read()
    if process.pid is None and not (found and found.failed and process.state in ("EXITED", "FATAL")):
        return None  # the progress of another clone's build
    return found or Progress("starting", 0.0)


def address(name: str, where: Addresses) -> str:
    """Where a service answers, as a person would type it."""
    if name.startswith("kafka"):
        return where.kafka_bootstrap.split(",")[int(name.removeprefix("kafka")) - 1]
    return {
        "connect": where.connect_url,
        "influxd": where.influx_url,
        "proxy": f"mqtt://{where.mqtt_host}:{where.mqtt_port}",
    }[name]


def memory_mb(pid: int | None) -> float | None:
    """Resident memory of a process in megabytes (10^6 bytes), None when it is gone."""
    try:
        return round(psutil.Process(pid).memory_info().rss / 1e6, 1) if pid else None
    except psutil.Error:
        return None
