"""Buckets: make, find, empty and count them. Every function may be called again without harm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tenacity import retry, retry_if_result, wait_fixed

from lab.base.errors import LearnerError
from lab.base.names import MEASUREMENT
from lab.base.pace import stop_after
from lab.influx.api import NOT_FOUND, Influx, InfluxError, from_micros, instant

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
IDLE_S = 30.0
COUNTED_FIELD = "fuel"
"""Counting one field counts readings, because every reading carries it."""


def find(influx: Influx, name: str) -> dict[str, Any] | None:
    """The bucket's resource, or None."""
    try:
        found = influx.json("GET", "/api/v2/buckets", params={"org": influx.org, "name": name})["buckets"]
    except InfluxError as refused:
        if refused.status == NOT_FOUND:
            return None
        raise
    return dict(found[0])


def ensure(influx: Influx, name: str, retention_seconds: int = 0) -> str:
    """Make the bucket when it is missing and return its id; retention 0 keeps points for ever."""
    bucket = find(influx, name)
    if bucket is None:
        rules = [{"type": "expire", "everySeconds": retention_seconds}] if retention_seconds else []
        body = {"orgID": influx.org_id, "name": name, "retentionRules": rules}
        bucket = dict(influx.json("POST", "/api/v2/buckets", json=body))
    return str(bucket["id"])


def remove(influx: Influx, name: str) -> bool:
    """Remove the bucket with all its points; False when there was none.

    InfluxDB 2.9.1 dies of a memory fault when a bucket is removed under a query (measured). So this waits, up to 30 s,
    for a moment without one; see tasks.quiet() for what else must come first.
    """
    bucket = find(influx, name)
    if bucket is None:
        return False
    _idle(influx)
    influx.json("DELETE", f"/api/v2/buckets/{bucket['id']}")
    return True


@retry(
    retry=retry_if_result(bool),
    wait=wait_fixed(0.1),
    stop=stop_after(IDLE_S),
    retry_error_callback=lambda _: None,
)
def _idle(influx: Influx) -> int:
    return influx.queries_active()


def empty(influx: Influx, name: str) -> None:
    """Delete every point and keep the bucket. Raises LearnerError when there is no such bucket."""
    if find(influx, name) is None:
        raise LearnerError(f"There is no bucket {name}.", "Check the name; ./workshop up makes the pipeline's buckets.")
    influx.delete(name, EPOCH, datetime.now(UTC) + timedelta(days=365))


def count(influx: Influx, name: str, since_us: int = 0, field: str = COUNTED_FIELD) -> int:
    """How many points of the measurement carry the field, from device time `since_us` (microseconds) on."""
    rows = influx.query(f"""
        from(bucket: "{name}")
            |> range(start: {instant(from_micros(since_us))})
            |> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and r._field == "{field}")
            |> count() |> group() |> sum()""")
    return int(rows[0]["_value"]) if rows else 0
