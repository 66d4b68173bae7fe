"""The compose back end: docker-compose.yml with the files and variables it wants, through `docker compose`.

Ports are the usual ones and do not move: they are written in docker-compose.yml.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.base import addresses
from lab.base.addresses import Addresses
from lab.base.diagnosis import cause
from lab.base.errors import MachineError, ServiceError
from lab.base.files import write
from lab.base.pace import Stopwatch, allow
from lab.base.progress import Report
from lab.base.settings import ROOT
from lab.provision import essentials
from lab.stack import connect, kafka, native_services, proxy, ready, service_status
from lab.stack.influxd import server
from lab.stack.layout import Layout
from lab.stack.ports import Ports
from lab.stack.service import SERVICES, ServiceStatus, State

FILE = ROOT / "docker-compose.yml"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside the containers' own namespace; Docker publishes on 127.0.0.1 only
PLUGIN = Path("/workshop/plugin")
MINUTES = 20


def up(layout: Layout, report: Report, wait: bool = True) -> Addresses:
    """Start the containers and wait until each service answers."""
    from lab.stack.java.plugin import plugin_folder

    layout.prepare()
    environment = files(plugin_folder(report), layout)
    report("Starting the containers (images are pulled the first time)")
    arguments = ("up", "--detach", *(("--wait",) if wait else ()))
    _docker(*arguments, layout=layout, environment=environment)
    where = native_services.addresses(Ports(), layout).model_copy(
        update={"backend": "compose", "pace": Stopwatch().pace()}
    )
    addresses.save(where, layout.state)
    report("Setting InfluxDB up")
    server.onboard(where, layout)
    report("Asking every service")
    for probe in (ready.kafka, ready.connect, ready.influxd, ready.proxy):
        probe(where, layout)
    essentials(where, report)
    return where


def files(plugin: Path, layout: Layout) -> dict[str, str]:
    """Write what the containers mount; return the variables of docker-compose.yml."""
    ports = Ports()
    where = native_services.addresses(ports, layout)
    worker = connect.configuration(ports, PLUGIN, kafka.cluster_id(layout), EVERYWHERE)
    toml = proxy.configuration(where.librdkafka(), ports.mqtt, ports.proxy_http, where.names, EVERYWHERE)
    return {
        "LAB_CLUSTER_ID": kafka.cluster_id(layout),
        "LAB_CONNECT_PROPERTIES": str(write(layout.run / "compose-connect.properties", worker, mode=0o644)),
        "LAB_PROXY_TOML": str(write(layout.run / "compose-proxy.toml", toml, mode=0o644)),
        "LAB_PLUGIN": str(plugin),
    }


def down(layout: Layout, report: Report) -> None:
    """Remove the containers; volumes, and with them the data, stay."""
    report("Stopping the containers")
    _docker("down", "--timeout", "15", layout=layout)


def status(layout: Layout, where: Addresses) -> list[ServiceStatus]:
    """What Docker says of each container, and what the service answers."""
    listed = _docker("ps", "--all", "--format", "json", layout=layout)
    known = container_states(listed)
    return [_one(name, known.get(name, ""), where) for name in SERVICES]


def container_states(listed: str) -> dict[str, str]:
    """Service to container state, from `docker compose ps --format json`: one object a line, or one list."""
    text = listed.strip()
    rows = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    return {row["Service"]: row["State"] for row in rows}


def _one(name: str, container: str, where: Addresses) -> ServiceStatus:
    answer = service_status.answer(name, where) if container == "running" else service_status.Answer(False, container)
    state = container_state(container, answer.ok)
    return ServiceStatus(name, state, None, service_status.address(name, where), answer.text, None)


def container_state(container: str, answered: bool) -> State:
    """The service's state by its container's and its answer."""
    if container == "running":
        return "ready" if answered else "starting"
    if container in ("exited", "dead"):
        return "failed"
    return "starting" if container else "stopped"


@dataclass(frozen=True)
class ComposeControl:
    """Control of one container, with the verbs of the native back end."""

    name: str
    layout: Layout

    @property
    def pid(self) -> int | None:
        """Process id on Docker's host, None while it does not run."""
        container = self._do("ps", "--quiet", self.name).strip()
        if not container:
            return None
        done = subprocess.run(
            ("docker", "inspect", "--format", "{{.State.Pid}}", container), capture_output=True, text=True, check=False
        )
        return int(done.stdout.strip() or 0) or None

    def start(self) -> None:
        self._do("start", self.name)

    def stop(self) -> None:
        self._do("stop", self.name)

    def restart(self) -> None:
        self._do("restart", self.name)

    def kill(self) -> None:
        """SIGKILL from inside the container, so that Docker counts it as a crash and restarts it."""
        self._do("exec", "--no-TTY", "--user", "0", self.name, "kill", "-9", "1")

    def freeze(self) -> None:
        self._do("pause", self.name)

    def thaw(self) -> None:
        self._do("unpause", self.name)

    def _do(self, *arguments: str) -> str:
        return _docker(*arguments, layout=self.layout)


def _docker(*arguments: str, layout: Layout, environment: dict[str, str] | None = None) -> str:
    """Run `docker compose`. Raises MachineError without Docker and ServiceError when it refuses."""
    if shutil.which("docker") is None:
        raise MachineError(
            "LAB_BACKEND=compose needs Docker with its compose plugin, and there is no docker on PATH.",
            "Install Docker, or unset LAB_BACKEND to run the services without it.",
        )
    variables = environment or files(Path("/nonexistent"), layout)
    done = subprocess.run(
        ("docker", "compose", "--file", str(FILE), *arguments),
        capture_output=True,
        text=True,
        timeout=allow(MINUTES * 60),
        env={**os.environ, **variables},
        check=False,
    )
    if done.returncode:
        write(layout.log("compose"), done.stdout + done.stderr)
        raise ServiceError(
            "compose", f"docker compose {arguments[0]} failed: {cause(done.stderr)}", "Read ./workshop logs compose."
        )
    return done.stdout
