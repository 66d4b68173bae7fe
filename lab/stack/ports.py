"""The ports of one stack: the usual ones when free, else others; the owner of a taken port is left alone.

The choice is remembered in ports.json, because a learner's notes and Kafka's advertised addresses should
survive a restart. For two minutes it is also reserved in the user's cache: a service binds its port some seconds
after it was chosen, and another clone may be choosing meanwhile. A port that moves goes outside the range the
system hands to outgoing connections, where it could be taken again between two starts of a service.
"""

from __future__ import annotations

import errno
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from lab.errors import MachineError
from lab.stack.layout import write

HOST = "127.0.0.1"
BROKERS = (1, 2, 3)
RESERVED_SECONDS = 120
MOVED_FROM = 20000
MOVED_TO = 32000
"""Below 32768, where Linux begins to hand out ports to outgoing connections."""


class Ports(BaseModel):
    """Every port a stack listens on."""

    model_config = ConfigDict(frozen=True)

    mqtt: int = 1883
    proxy_http: int = 9464
    kafka1: int = 9092
    kafka2: int = 9093
    kafka3: int = 9094
    controller1: int = 9192
    controller2: int = 9193
    controller3: int = 9194
    connect: int = 8083
    influxd: int = 8086

    def kafka(self, node: int) -> int:
        return int(getattr(self, f"kafka{node}"))

    def controller(self, node: int) -> int:
        return int(getattr(self, f"controller{node}"))

    @property
    def bootstrap(self) -> str:
        return ",".join(f"{HOST}:{self.kafka(node)}" for node in BROKERS)


def is_free(port: int) -> bool:
    """True when this machine lets us listen on the port of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
        return True


def reserve(wanted: Ports, state: Path, registry: Path, free: Callable[[int], bool] = is_free) -> Ports:
    """`choose`, sparing what other state folders reserved lately. Call it with the registry's lock held."""
    now = time.time()
    known = {int(port): entry for port, entry in _reservations(registry).items() if now - entry[1] < RESERVED_SECONDS}
    others = {port for port, (owner, _) in known.items() if owner != str(state)}
    chosen = choose(wanted, lambda port: port not in others and free(port))
    mine = {port: (str(state), now) for port in chosen.model_dump().values()}
    write(registry, json.dumps({port: known[port] for port in others} | mine))
    return chosen


def _reservations(registry: Path) -> dict[str, tuple[str, float]]:
    try:
        found: dict[str, tuple[str, float]] = json.loads(registry.read_text())
    except (OSError, ValueError):
        return {}
    return found


def choose(wanted: Ports, free: Callable[[int], bool] = is_free) -> Ports:
    """`wanted` with each taken port moved to a free one. Raises MachineError when none is free."""
    chosen: dict[str, int] = {}
    for name, port in wanted.model_dump().items():
        chosen[name] = port if free(port) and port not in chosen.values() else _other(port, chosen, free)
    return Ports(**chosen)


def _other(port: int, chosen: dict[str, int], free: Callable[[int], bool]) -> int:
    start = MOVED_FROM + port % 1000
    for candidate in range(start, MOVED_TO, 7):
        if candidate not in chosen.values() and free(candidate):
            return candidate
    raise MachineError(
        f"Port {port} is taken and none between {MOVED_FROM} and {MOVED_TO} is free.",
        "Stop some of the programs that listen on this machine, then ./workshop up.",
    )


def remembered(path: Path) -> Ports:
    """The ports of the last start, or the usual ones."""
    try:
        return Ports.model_validate_json(path.read_text())
    except (OSError, ValidationError):
        return Ports()


def remember(ports: Ports, path: Path) -> None:
    write(path, ports.model_dump_json(indent=2) + "\n")


def moved(ports: Ports) -> dict[str, tuple[int, int]]:
    """Port names that are not at their usual place: name to (usual, now)."""
    usual = Ports().model_dump()
    return {name: (usual[name], port) for name, port in ports.model_dump().items() if port != usual[name]}
