"""The configurations of the pipeline's two connectors."""

from __future__ import annotations

from lab.base.addresses import Addresses
from lab.base.names import MEASUREMENT
from lab.influx.types import FIELD_TYPES

STRICT_JSON = "io.hybridiot.connect.influxdb2.StrictJsonConverter"
"""The plugin's converter: JSON word for word or refused. Connect's own wraps and drops without an error."""
LOOKBACK_MS = 60_000
"""How late a downsampled row may become visible: one task run looks back no further than this."""


def sink_config(addresses: Addresses) -> dict[str, str]:
    """`InfluxDB2Sink`: readings to the raw bucket; what cannot be written goes to the dead-letter topic."""
    names = addresses.names
    return {
        "connector.class": "InfluxDB2Sink",
        "tasks.max": "2",
        "topics": names.readings,
        **_influx(addresses, names.raw_bucket),
        "measurement.name.format": MEASUREMENT,
        "event.time.fieldname": "time",
        "write.precision": "Microseconds",
        "tag.fields": "generatorID",
        # One 7 for 7.0 would fix the field's type for days, and InfluxDB would refuse every reading after it.
        "field.types": ",".join(f"{name}:{kind}" for name, kind in FIELD_TYPES.items()),
        "integers.as.floats": "true",
        **_json(),
        "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": names.dead_letters,
        "errors.deadletterqueue.topic.replication.factor": "3",
        "errors.deadletterqueue.context.headers.enable": "true",
        "consumer.override.max.poll.records": "5000",
    }


def source_config(addresses: Addresses) -> dict[str, str]:
    """`InfluxDB2Source`: downsampled rows to the alarm topic, keyed by generator."""
    names = addresses.names
    return {
        "connector.class": "InfluxDB2Source",
        "tasks.max": "1",
        **_influx(addresses, names.downsampled_bucket),
        "mode": "timestamp",
        "topic.name.format": names.alarms,
        "key.tag": "generatorID",
        "fields.required": "alarm,fuel",
        "time.precision": "Microseconds",
        "measurement.fieldname": "",
        "lookback.ms": str(LOOKBACK_MS),
        "poll.interval.ms": "1000",
        **_json(),
    }


def _influx(addresses: Addresses, bucket: str) -> dict[str, str]:
    return {
        "influxdb.url": addresses.influx_url,
        "influxdb.token": addresses.influx_token,
        "influxdb.org.id": addresses.influx_org,
        "influxdb.bucket": bucket,
        "max.retries": "-1",
        "retry.backoff.ms": "500",
        "retry.backoff.max.ms": "5000",
    }


def _json() -> dict[str, str]:
    return {
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": STRICT_JSON,
    }
