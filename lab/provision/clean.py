"""Take down what a pipeline is made of, by prefix: connectors with their offsets, tasks, buckets, topics, groups.

The order matters: a connector or task that still runs writes into what follows, and InfluxDB 2.9.1 dies of a memory
fault when a bucket is removed under a running query (measured). Nothing here minds that something is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from confluent_kafka import OFFSET_END, TopicPartition
from tenacity import Retrying, retry_if_result, wait_fixed

from lab.base.addresses import Addresses
from lab.base.pace import allow, stop_after
from lab.connect.client import Connect
from lab.influx import buckets, tasks
from lab.influx.api import Influx
from lab.kafka.client import admin

WAIT_S = 20.0
"""Seconds for a connector to stop, or for a topic to go."""
PAGE = 100


def connectors(addresses: Addresses, prefix: str, ending: str = "") -> None:
    """Remove connectors and forget how far they were: one of the same name begins from the beginning."""
    with Connect(addresses.connect_url) as connect:

        def there() -> list[str]:
            return [name for name in connect.connectors() if name.startswith(prefix) and name.endswith(ending)]

        for name in there():
            connect.stop(name)
            _until(partial(_stopped, connect, name))
            connect.reset_offsets(name)
            connect.delete(name)
        _until(lambda: not there())


def _stopped(connect: Connect, name: str) -> bool:
    status = connect.status(name)
    return status.state == "STOPPED" and not status.tasks


def influx(addresses: Addresses, prefix: str, bucket_endings: tuple[str, ...] = ("",)) -> None:
    """Remove tasks and buckets; with a bucket goes the type that its first point gave a field."""
    with Influx(addresses) as client:
        page = {"org": client.org, "limit": PAGE}
        for item in client.json("GET", "/api/v2/tasks", params=page)["tasks"]:
            if str(item["name"]).startswith(prefix):
                tasks.remove(client, item["name"])
        for item in client.json("GET", "/api/v2/buckets", params=page)["buckets"]:
            if str(item["name"]).startswith(prefix) and str(item["name"]).endswith(bucket_endings):
                buckets.remove(client, item["name"])


def topics(addresses: Addresses, prefix: str) -> None:
    """Remove topics, and with them what groups have committed there."""
    kafka = admin(addresses)

    def there() -> list[str]:
        names = kafka.list_topics(timeout=allow(WAIT_S)).topics
        return [name for name in names if name.startswith(prefix)]

    if found := there():
        for answer in kafka.delete_topics(found, operation_timeout=allow(WAIT_S)).values():
            answer.exception(allow(WAIT_S))
        _until(lambda: not there())


def records(addresses: Addresses, prefix: str, endings: tuple[str, ...]) -> None:
    """Empty topics and keep them."""
    kafka = admin(addresses)
    about = kafka.list_topics(timeout=allow(WAIT_S)).topics
    chosen = [name for name in about if name.startswith(prefix) and name.endswith(endings)]
    places = [TopicPartition(name, number, OFFSET_END) for name in chosen for number in about[name].partitions]
    if places:
        for answer in kafka.delete_records(places).values():
            answer.exception(allow(WAIT_S))


def groups(addresses: Addresses, prefix: str) -> None:
    """Remove consumer groups without members."""
    kafka = admin(addresses)
    listed = kafka.list_consumer_groups(request_timeout=allow(WAIT_S)).result(allow(WAIT_S))
    if found := [group.group_id for group in listed.valid if group.group_id.startswith(prefix)]:
        for answer in kafka.delete_consumer_groups(found).values():
            answer.exception(allow(WAIT_S))


def _until(done: Callable[[], object]) -> None:
    """Wait until it is so; what is not by then shows in what comes next."""
    polls = Retrying(
        retry=retry_if_result(lambda good: not good),
        stop=stop_after(WAIT_S),
        wait=wait_fixed(0.1),
        retry_error_callback=lambda _: None,
    )
    polls(done)
