"""The ports of one stack: the usual ones when free, else others; the owner of a taken port is left alone.

The choice is remembered in ports.json, because a learner's notes and Kafka's advertised addresses should
survive a restart. A port stays with its stack while the stack's supervisor lives, also while a broker is down: the
supervisor holds the UDP port of the same number on loopback, which nothing else uses and which the system gives to one
process of one user only. A port that moves goes outside the range the system hands to outgoing connections, where it
could be taken again between two starts of a service.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from lab.base.errors import MachineError
from lab.base.files import write

HOST = "127.0.0.1"
BROKERS = (1, 2, 3)
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


@dataclass
class Reserved:
    """Ports that no other stack can choose while `holders` are open, here or in a process that was given them."""

    ports: Ports
    holders: list[socket.socket]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the ports to the one that was given the holders."""
        for holder in self.holders:
            holder.close()


def reserve(wanted: Ports, free: Callable[[int], bool] = is_free) -> Reserved:
    """`choose` among the ports that no living stack holds, and hold them. Raises MachineError when none is free."""
    held: dict[int, socket.socket] = {}

    def take(port: int) -> bool:
        if not free(port) or (holder := hold(port)) is None:
            return False
        held[port] = holder
        return True

    try:
        return Reserved(choose(wanted, take), list(held.values()))
    except MachineError:
        for holder in held.values():
            holder.close()
        raise


def hold(port: int) -> socket.socket | None:
    """The UDP socket that keeps a port for its stack, None when another stack has it."""
    holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        holder.bind((HOST, port))
    except OSError:
        holder.close()
        return None
    return holder


def is_held(port: int) -> bool:
    """Whether a living stack keeps this port, though nothing may listen on it now."""
    if (holder := hold(port)) is None:
        return True
    holder.close()
    return False


def choose(wanted: Ports, free: Callable[[int], bool] = is_free) -> Ports:
    """`wanted` with each taken port moved to a free one. Raises MachineError when none is free."""
    chosen: dict[str, int] = {}
    for name, port in wanted.model_dump().items():
        chosen[name] = port if port not in chosen.values() and free(port) else _other(port, chosen, free)
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
