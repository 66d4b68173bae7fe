"""One Kafka Connect worker in distributed mode, with our connectors on its plugin path."""

from __future__ import annotations

from pathlib import Path

from lab.base.files import write
from lab.stack.kafka import cluster_id, jvm
from lab.stack.layout import Layout
from lab.stack.ports import HOST, Ports
from lab.stack.service import Service

HEAP_MB = 512
"""The sink keeps some 20,000 records under way; in a smaller heap the collector took a third of its time."""
MAIN = "org.apache.kafka.connect.cli.ConnectDistributed"

COMMON = """\
session.timeout.ms=6000
heartbeat.interval.ms=2000
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
value.converter.schemas.enable=false
config.storage.topic=connect-configs
config.storage.replication.factor=3
offset.storage.topic=connect-offsets
offset.storage.replication.factor=3
offset.storage.partitions=6
status.storage.topic=connect-status
status.storage.replication.factor=3
status.storage.partitions=3
offset.flush.interval.ms=5000
plugin.discovery=service_load
scheduled.rebalance.max.delay.ms=0
connector.client.config.override.policy=All
consumer.session.timeout.ms=10000
producer.linger.ms=20
producer.batch.size=131072
"""
"""Worker settings that never change. Broker defaults give the internal topics their min ISR of 2. A killed worker's
successor waits until its session ends: 6 s and not 10 s, and 10 s and not 45 s for the sink's partitions. A source's
records travel in few, large requests: with the client's 16 KB they cost the brokers more than they cost the worker."""


def configuration(ports: Ports, plugin: Path, cluster: str, listen: str = HOST) -> str:
    """The worker's properties. `plugin` is a plain path: `plugin.path` is a list with commas.

    The group is named after the cluster, so that a worker never joins another stack's, whatever answers at its ports.
    """
    return (
        f"group.id=workshop-connect-{cluster}\n"
        f"bootstrap.servers={ports.bootstrap}\n"
        f"listeners=http://{listen}:{ports.connect}\n"
        f"rest.advertised.host.name={HOST}\n"
        f"rest.advertised.port={ports.connect}\n"
        f"plugin.path={plugin}\n" + COMMON
    )


def service(ports: Ports, jars: list[Path], plugin: Path, layout: Layout, options: tuple[str, ...] = ()) -> Service:
    """Write the worker's configuration and describe its process; `up` starts it once the brokers answer."""
    link = Path(layout.link("plugin", plugin))
    config = write(layout.run / "connect.properties", configuration(ports, link, cluster_id(layout))).name
    return Service(
        name="connect",
        argv=(*jvm(jars, layout, *options, heap_mb=HEAP_MB), MAIN, config),
        log=layout.log("connect"),
        stop_seconds=8,
        start=False,
    )
