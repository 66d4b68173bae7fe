"""The names of the pipeline's topics, buckets, connectors and groups.

The data contract of docs/architecture.md in code. A namespace is put before each name, so that several pipelines
can share one cluster.
"""

from __future__ import annotations

from dataclasses import dataclass

MEASUREMENT = "genData"
"""The InfluxDB measurement of every reading, raw and downsampled."""
FUEL_ALARM_LITRES = 500.0
"""Below this a generator's alarm is `refuel`."""
ALARM_REFUEL = "refuel"
ALARM_NONE = "ok"


@dataclass(frozen=True)
class TopicSpec:
    """A Kafka topic as it is created: replicas and min.insync.replicas are counts of brokers."""

    name: str
    partitions: int
    replicas: int = 3
    min_insync: int = 2
    compacted: bool = False


@dataclass(frozen=True)
class Names:
    """Every name, each with the namespace before it."""

    namespace: str = ""

    @property
    def readings(self) -> str:
        """Topic that the proxy writes readings to, keyed by generatorID."""
        return f"{self.namespace}emergency_generators"

    @property
    def status(self) -> str:
        """Topic of `online` and `offline` (the last will), keyed by generatorID."""
        return f"{self.namespace}emergency_generators_status"

    @property
    def dead_letters(self) -> str:
        """Topic of the records that the sink connector refused."""
        return f"{self.namespace}emergency_generators_dlq"

    @property
    def alarms(self) -> str:
        """Topic that the source connector writes downsampled rows to, keyed by generatorID."""
        return f"{self.namespace}generator_alarms"

    @property
    def strays(self) -> str:
        """Topic of what was published to an MQTT topic that belongs to nothing, keyed by that topic."""
        return f"{self.namespace}mqtt_strays"

    @property
    def raw_bucket(self) -> str:
        return f"{self.namespace}kafka_raw"

    @property
    def downsampled_bucket(self) -> str:
        return f"{self.namespace}kafka_downsampled"

    @property
    def task(self) -> str:
        return f"{self.namespace}kafka_downsample"

    @property
    def sink(self) -> str:
        """The sink connector: topic `readings` to `raw_bucket`."""
        return f"{self.namespace}influxdb-sink"

    @property
    def sink_group(self) -> str:
        """The consumer group that Connect gives the sink connector."""
        return f"connect-{self.sink}"

    @property
    def source(self) -> str:
        """The source connector: `downsampled_bucket` to topic `alarms`."""
        return f"{self.namespace}influxdb-source"

    @property
    def dispatchers(self) -> str:
        """Consumer group of the dispatcher."""
        return f"{self.namespace}dispatchers"

    def topics(self) -> tuple[TopicSpec, ...]:
        """The topics of the pipeline with their partitions and durability."""
        return (
            TopicSpec(self.readings, partitions=6),
            TopicSpec(self.status, partitions=3, compacted=True),
            TopicSpec(self.dead_letters, partitions=1),
            TopicSpec(self.alarms, partitions=3),
        )
