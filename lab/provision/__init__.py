"""Make what the pipeline needs inside the running services: topics, buckets, the task, the connectors.

Every function may be called again: topics and buckets that are there stay as they are; the task and the connectors are
set right where they differ.
"""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.cimpl import NewTopic
from tenacity import RetryError, Retrying, retry_if_exception_type, retry_if_result, wait_fixed

from lab.base.addresses import Addresses
from lab.base.errors import LabError, LearnerError, ServiceError
from lab.base.names import TopicSpec
from lab.base.pace import allow, stop_after
from lab.base.progress import Report
from lab.connect.client import Connect
from lab.connect.configs import sink_config, source_config
from lab.connect.models import RESTING
from lab.influx import buckets as bucket_of
from lab.influx import tasks
from lab.influx.api import Influx
from lab.influx.flux import LOOKBACK_SLOTS, Downsample, downsample_script
from lab.kafka.client import admin

KAFKA_S = 20.0
"""Deadline in seconds of one request to Kafka."""
CONNECTOR_S = 60.0
"""Deadline in seconds from a connector's creation to its tasks running."""
DEMO_EVERY_S = 10


def essentials(addresses: Addresses, report: Report) -> None:
    """What every lesson needs once services answer: topics, and buckets when InfluxDB has been set up. Idempotent."""
    report("Creating topics and buckets")
    topics(addresses)
    if addresses.influx_token_file.exists():
        buckets(addresses)


def topics(addresses: Addresses) -> None:
    """The topics of the pipeline, each with its partitions, replicas and min.insync.replicas."""
    kafka = admin(addresses)
    wanted = [_topic(spec) for spec in addresses.names.topics()]
    for name, answer in kafka.create_topics(
        wanted, operation_timeout=allow(KAFKA_S), request_timeout=allow(KAFKA_S)
    ).items():
        try:
            answer.result(allow(KAFKA_S) + 5.0)
        except KafkaException as error:
            reason = error.args[0]
            if reason.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise ServiceError(
                    "kafka1",
                    f"Kafka refused to make the topic {name}: {reason.str()}.",
                    "Look at ./workshop status: three brokers must be ready.",
                ) from error


def buckets(addresses: Addresses) -> None:
    """Both buckets; points are kept for ever."""
    with Influx(addresses) as influx:
        bucket_of.ensure(influx, addresses.names.raw_bucket)
        bucket_of.ensure(influx, addresses.names.downsampled_bucket)


def task(addresses: Addresses, every: int = DEMO_EVERY_S, lookback: int | None = None) -> None:
    """The task `kafka_downsample`, active, every so many seconds, looking back `lookback` seconds (six slots)."""
    slots = LOOKBACK_SLOTS if lookback is None else max(1, lookback // every)
    script = downsample_script(Downsample(addresses.names, every=every, lookback_slots=slots))
    with Influx(addresses) as influx:
        tasks.ensure(influx, addresses.names.task, script)


def sink(addresses: Addresses) -> None:
    """The sink connector, running. Raises ServiceError when it does not run in time."""
    _connector(addresses, addresses.names.sink, sink_config(addresses))


def source(addresses: Addresses, lookback: int | None = None) -> None:
    """The source connector, running, looking back `lookback` seconds (its default when None).

    Raises ServiceError when it does not run in time.
    """
    config = source_config(addresses)
    if lookback is not None:
        config["lookback.ms"] = str(lookback * 1000)
    _connector(addresses, addresses.names.source, config)


def connectors(addresses: Addresses) -> None:
    """Both connectors, running."""
    sink(addresses)
    source(addresses)


def everything(addresses: Addresses, every: int = DEMO_EVERY_S, lookback: int | None = None) -> None:
    """The whole pipeline between the proxy and the dispatcher.

    `lookback` (seconds) is how late readings may become visible: the task recomputes that far back, and the source
    looks for rows that far back, plus two slots for the run that writes them. The more, the dearer each run and poll.
    """
    topics(addresses)
    buckets(addresses)
    task(addresses, every, lookback)
    sink(addresses)
    source(addresses, None if lookback is None else lookback + 2 * every)


def _topic(spec: TopicSpec) -> NewTopic:
    config = {"min.insync.replicas": str(spec.min_insync)}
    if spec.compacted:
        config["cleanup.policy"] = "compact"
    return NewTopic(spec.name, num_partitions=spec.partitions, replication_factor=spec.replicas, config=config)


def _connector(addresses: Addresses, name: str, config: dict[str, str]) -> None:
    """Create or update, then wait: a connector that failed under an older configuration needs a restart as well."""
    with Connect(addresses.connect_url) as connect:
        connect.create_or_update(name, config)
        polls = Retrying(
            retry=retry_if_result(lambda running: not running) | retry_if_exception_type(LearnerError),
            stop=stop_after(CONNECTOR_S),
            wait=wait_fixed(0.5),
        )
        try:
            polls(lambda: _running(connect, name))
        except RetryError as error:
            raise ServiceError(
                "connect",
                f"The connector {name} did not run within {allow(CONNECTOR_S):.0f} s: {_cause(connect, name)}",
                "Look at ./workshop logs connect.",
            ) from error


def _running(connect: Connect, name: str) -> bool:
    """Whether it runs; right after creation Connect may not know it yet (LearnerError).

    One that somebody paused or stopped keeps that through a new configuration.
    """
    status = connect.status(name)
    if status.state in RESTING:
        connect.resume(name)
    if status.failed:
        connect.restart(name, only_failed=True)
    return status.running


def _cause(connect: Connect, name: str) -> str:
    try:
        return connect.status(name).cause or "its tasks have not started."
    except LabError as error:
        return error.cause
