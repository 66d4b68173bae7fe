"""Connect, InfluxDB and the proxy over HTTP; the supervisor through lab.stack."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from lab.base.addresses import Addresses
from lab.base.names import MEASUREMENT
from lab.base.pace import allow
from lab.connect.client import Connect, Connector
from lab.influx.api import NOT_FOUND, Influx, InfluxError
from lab.influx.literal import quoted
from lab.influx.types import judged, newest_types
from lab.widgets.sources.row_counter import RowCounter

TIMEOUT = 8.0
"""Seconds for one answer: a crowded machine takes some, a service that is gone refuses at once."""
NO_BUCKET = "could not find bucket"
"""InfluxDB's words in a 404 about a bucket; an organization that is not there is answered with 404 as well."""
TASK_FACTS = (
    "id",
    "status",
    "every",
    "cron",
    "offset",
    "latestCompleted",
    "lastRunStatus",
    "lastRunError",
)


class Connectors:
    """Every connector with its state, tasks and configuration."""

    service = "connect"
    every = 1.5

    def open(self, addresses: Addresses) -> None:
        self._connect = Connect(addresses.connect_url, patience_s=0, timeout_s=TIMEOUT)

    def sample(self) -> dict[str, Any]:
        return {"connectors": {name: _connector(found) for name, found in self._connect.all().items()}}

    def close(self) -> None:
        self._connect.close()


def _connector(found: Connector) -> dict[str, Any]:
    return {
        "state": found.status.state,
        "type": found.kind,
        "tasks": [{"id": task.number, "state": task.state, "trace": task.trace} for task in found.status.tasks],
        "trace": found.status.trace,
        "config": found.config,
    }


class Proxy:
    """The proxy's own counters, by metric name; labelled samples of one name are added up."""

    service = "proxy"
    every = 1.0

    def open(self, addresses: Addresses) -> None:
        self._http = httpx.Client(base_url=addresses.proxy_url or "", timeout=allow(TIMEOUT), trust_env=False)

    def sample(self) -> dict[str, Any]:
        answer = self._http.get("/metrics")
        answer.raise_for_status()
        found: dict[str, float] = {}
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                if not sample.name.endswith("_bucket"):
                    found[sample.name] = found.get(sample.name, 0.0) + sample.value
        return {"metrics": found, "at": time.time()}

    def close(self) -> None:
        self._http.close()


class Buckets:
    """Both buckets' counts of rows and the newest rows of one generator, and the task with its last run."""

    service = "influxd"
    every = 2.0
    types_every = 20.0
    """Seconds between two looks at the fields' types, which read the newest point of every series."""

    def __init__(self) -> None:
        self.follow = "generator1"
        self._wrong: dict[str, list[dict[str, str]]] = {}
        self._types_at = 0.0
        self._counters: dict[str, RowCounter] = {}

    def open(self, addresses: Addresses) -> None:
        self._influx = Influx(addresses, timeout=TIMEOUT)
        self._names = addresses.names
        self._counters = {}

    def sample(self) -> dict[str, Any]:
        followed = self.follow  # a panel may follow another one while we ask
        buckets = (self._names.raw_bucket, self._names.downsampled_bucket)
        seen = {bucket: self._look(bucket, followed) for bucket in buckets}
        return {
            "counts": {bucket: rows for bucket, (rows, _) in seen.items()},
            "follow": {bucket: newest for bucket, (_, newest) in seen.items() if newest},
            "followed": followed,
            "task": self._task(),
            "wrong": self._types([bucket for bucket, (rows, _) in seen.items() if rows]),
            "at": time.time(),
        }

    def close(self) -> None:
        self._influx.close()

    def _types(self, buckets: list[str]) -> dict[str, list[dict[str, str]]]:
        """By bucket, what InfluxDB refuses there because a field's first point had another type, and the cure."""
        if time.monotonic() >= self._types_at:
            found = {bucket: judged(bucket, self._influx.query(newest_types(bucket))) for bucket in buckets}
            self._wrong = {
                bucket: [{"field": w.field, "type": w.found, "cause": w.cause, "remedy": w.remedy} for w in wrong]
                for bucket, wrong in found.items()
            }
            self._types_at = time.monotonic() + self.types_every
        return self._wrong

    def _look(self, bucket: str, followed: str) -> tuple[int | None, dict[str, str]]:
        """Rows of a bucket, by its field `fuel`, and the newest of one generator; None while it does not exist."""
        counter = self._counters.setdefault(bucket, RowCounter(partial(self._rows, bucket)))
        try:
            return counter.count(int(time.time())), self._last(bucket, followed)
        except InfluxError as error:
            if error.status != NOT_FOUND or NO_BUCKET not in error.reason:
                raise
            del self._counters[bucket]
            return None, {}

    def _rows(self, bucket: str, start: int, stop: int) -> int:
        flux = (
            f"from(bucket: {quoted(bucket)}) |> range(start: {start}, stop: {stop}) "
            f'|> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and r._field == "fuel") |> count()'
        )
        return sum(int(row["_value"]) for row in self._influx.query(flux))

    def _last(self, bucket: str, generator: str) -> dict[str, str]:
        """Newest load of a generator in the bucket: its value and time; empty without one."""
        flux = (
            f"from(bucket: {quoted(bucket)}) |> range(start: -5m) "
            f'|> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and r._field == "load") '
            f"|> filter(fn: (r) => r.generatorID == {quoted(generator)}) |> last()"
        )
        rows = sorted(self._influx.query(flux), key=lambda row: row["_time"])
        return {"load": rows[-1]["_value"], "time": rows[-1]["_time"]} if rows else {}

    def _task(self) -> dict[str, Any]:
        asked = {"name": self._names.task, "limit": 1}
        tasks = self._influx.json("GET", "/api/v2/tasks", params=asked).get("tasks", [])
        return {key: tasks[0][key] for key in TASK_FACTS if key in tasks[0]} if tasks else {}


class Stack:
    """State of every supervised service."""

    service = "supervisor"

    def __init__(self, every: float = 2.0) -> None:
        self.every = every

    def open(self, addresses: Addresses) -> None:
        """Nothing to open: lab.stack finds its own way."""

    def sample(self) -> dict[str, Any]:
        from lab.stack import status

        return {"services": {s.name: {"state": s.state, "pid": s.pid, "detail": s.detail} for s in status()}}

    def close(self) -> None:
        """Nothing to close."""
