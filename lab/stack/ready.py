"""Waiting until services answer, and giving up as soon as one of them has failed for good."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial

from lab.base import addresses
from lab.base.addresses import Addresses
from lab.base.errors import ServiceError
from lab.base.pace import allow
from lab.stack import answers, ports, service_status
from lab.stack.answers import Unanswered
from lab.stack.layout import Layout
from lab.stack.logs import latest
from lab.stack.ports import BROKERS
from lab.stack.supervisor import processes

KAFKA_SECONDS, OTHER_SECONDS = 180.0, 120.0
"""Seconds; they answer within ten on a quiet machine, but a laptop may be busy with much else."""
PAUSE = 0.1


def wait(names: Iterable[str], probe: Callable[[], object], seconds: float, layout: Layout) -> None:
    """Ask until the probe is content.

    Raises ServiceError when a service is FATAL, or after `seconds`, which are more on a slow machine.
    """
    names, deadline = list(names), time.monotonic() + allow(seconds)
    while True:
        try:
            probe()
            return
        except Unanswered as answer:
            _give_up_when_failed(names, layout)
            if time.monotonic() > deadline:
                raise _failure(names[0], f"does not answer after {allow(seconds):.0f} s: {answer}", layout) from answer
        time.sleep(PAUSE)


def kafka(addresses: Addresses, layout: Layout) -> None:
    """All three brokers are ours, registered, and the quorum has a leader."""
    names = [f"kafka{n}" for n in BROKERS]
    for name in names:
        wait([name, *names], partial(_ours, name, addresses, layout), KAFKA_SECONDS, layout)
    wait(names, lambda: _whole_cluster(addresses), KAFKA_SECONDS, layout)


def ours(name: str, addresses: Addresses, layout: Layout) -> None:
    """What answers at the service's ports is the process that the supervisor runs, and no other program's."""
    wait([name], lambda: _ours(name, addresses, layout), OTHER_SECONDS, layout)


def _ours(name: str, addresses: Addresses, layout: Layout) -> None:
    """Raises Unanswered. Where no supervisor runs (Docker), nobody can tell."""
    if (known := processes(layout)) is None or name not in known:
        return
    if (pid := known[name].pid) is None:
        raise Unanswered(known[name].description or "it does not run")
    if why := service_status.foreign(name, addresses, pid):
        raise Unanswered(why)


def _whole_cluster(addresses: Addresses) -> None:
    config = addresses.librdkafka()
    known = answers.kafka(config.pop("bootstrap.servers"), config, addresses.kafka_cluster)
    if known < set(BROKERS):
        raise Unanswered(f"brokers {sorted(known)} of {list(BROKERS)} are registered")
    if answers.quorum_leader(addresses) < 0:
        raise Unanswered("the controllers have no leader")


def connect(addresses: Addresses, layout: Layout) -> None:
    ours("connect", addresses, layout)
    wait(["connect"], lambda: answers.connect(addresses.connect_url, addresses.kafka_cluster), OTHER_SECONDS, layout)


def influxd(addresses: Addresses, layout: Layout) -> None:
    ours("influxd", addresses, layout)
    wait(["influxd"], lambda: answers.influx(addresses), OTHER_SECONDS, layout)


def proxy(addresses: Addresses, layout: Layout) -> None:
    ours("proxy", addresses, layout)
    wait(["proxy"], lambda: answers.proxy(addresses), OTHER_SECONDS, layout)


def _give_up_when_failed(names: list[str], layout: Layout) -> None:
    known = processes(layout) or {}
    for name in names:
        if name in known and known[name].state == "FATAL":
            if (port := _taken(name, layout)) is not None:
                raise ServiceError(
                    name,
                    f"{name} cannot start: another program listens at its port {port}.",
                    "Run ./workshop down, then ./workshop up: it chooses a free port.",
                )
            raise _failure(name, "ends again and again right after its start", layout)


def _taken(name: str, layout: Layout) -> int | None:
    """The first port of a service that does not run at which something listens."""
    where = addresses.load(layout.state)
    return next((port for port in service_status.ports_of(name, where) if not ports.is_free(port)), None)


def _failure(name: str, what: str, layout: Layout) -> ServiceError:
    told = latest(layout.log(name))
    said = f" Its log says: {told}" if told else ""
    return ServiceError(
        name, f"{name} {what}.{said}", f"Read ./workshop logs {name}; ./workshop doctor finds the usual causes."
    )
