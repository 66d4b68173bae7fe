"""What InfluxDB knows: points since an attempt began, tasks and their runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from lab.base.addresses import Addresses
from lab.influx import tasks
from lab.influx.api import Influx

QUERY_SECONDS = 10.0
RUNS_ASKED = 100
"""How many of a task's newest runs are looked at; an attempt makes far fewer."""

Row = dict[str, Any]
Wait = Callable[..., Any]


def latest_runs(where: Addresses) -> dict[str, str]:
    """The scheduled time of the newest run of every task by name; empty text for a task that never ran."""
    with Influx(where, timeout=QUERY_SECONDS) as influx:
        listed = influx.json("GET", "/api/v2/tasks", params={"org": influx.org, "limit": 100})["tasks"]
        return {str(item["name"]): str(item.get("latestCompleted", "")) for item in listed}


class InfluxProbe:
    """Questions to InfluxDB. `began` is when the attempt began, in seconds since the epoch."""

    def __init__(self, where: Addresses, began: float, baseline: dict[str, str], wait: Wait) -> None:
        self._where = where
        self._began = began
        self._baseline = baseline
        self._wait = wait

    @property
    def began(self) -> str:
        """When the attempt began, as Flux writes a time."""
        return datetime.fromtimestamp(self._began, UTC).isoformat().replace("+00:00", "Z")

    def rows(self, flux: str) -> list[Row]:
        """Run a query; every row of every table as a dict with Python values.

        Raises influxdb_client.rest.ApiException with InfluxDB's words when the query is wrong.
        """
        return [dict(record.values) for table in self.tables(flux) for record in table.records]

    def tables(self, flux: str) -> list[Any]:
        """Run a query; the FluxTables as influxdb_client gives them, one per group key."""
        with Influx(self._where, timeout=QUERY_SECONDS) as influx:
            return influx.tables(flux)

    def points(
        self, bucket: str, steps: str = "", at_least: int = 1, within: float = 5.0, since: str | None = None
    ) -> list[Row]:
        """The points of a bucket with a time since the attempt began (or `since`), through more Flux `steps`.

        Waits up to `within` seconds for `at_least` rows. A point's time is the device's: one written now with an
        old time is only found with `since`, e.g. "-30d" or "0".
        """
        flux = f'from(bucket: "{bucket}") |> range(start: {since or self.began}, stop: 2100-01-01T00:00:00Z) {steps}'
        return self._wait(  # type: ignore[no-any-return]
            lambda: self.rows(flux), lambda found: len(found) >= at_least, within, f"Waiting for points in {bucket}"
        )

    def buckets(self) -> set[str]:
        """Names of all buckets."""
        with Influx(self._where) as influx:
            found = influx.json("GET", "/api/v2/buckets", params={"org": influx.org, "limit": 100})["buckets"]
        return {str(bucket["name"]) for bucket in found}

    def task(self, name: str) -> tasks.Task | None:
        """The task of this name as InfluxDB has it, or None."""
        with Influx(self._where) as influx:
            return tasks.find(influx, name)

    def existed(self, task: str) -> bool:
        """Whether a task of this name was there when the attempt began."""
        return task in self._baseline

    def runs(
        self, name: str, at_least: int = 1, within: float = 5.0, match: Callable[[tasks.Run], object] | None = None
    ) -> list[tasks.Run]:
        """The runs of a task that started since the attempt began, newest first; none when there is no such task."""
        good = match or (lambda run: run.finished)
        return self._wait(  # type: ignore[no-any-return]
            lambda: [run for run in self._runs(name) if good(run)],
            lambda found: len(found) >= at_least,
            within,
            f"Waiting for runs of {name}",
        )

    def logs(self, name: str) -> list[str]:
        """The log lines of a task's runs; none when there is no such task."""
        with Influx(self._where) as influx:
            task = tasks.find(influx, name)
            return tasks.logs(influx, task) if task else []

    def _runs(self, name: str) -> list[tasks.Run]:
        with Influx(self._where) as influx:
            task = tasks.find(influx, name)
            found = tasks.runs(influx, task, RUNS_ASKED) if task else []
        return [run for run in found if _after(run.started_at, self._began)]


def _after(moment: str, began: float) -> bool:
    """Whether an RFC 3339 time is not before `began`; a run that has not started has none."""
    return bool(moment) and datetime.fromisoformat(moment).timestamp() >= began
