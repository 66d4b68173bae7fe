"""The part of InfluxDB 2's HTTP interface that the kit uses: query, write, delete and the JSON resources.

Everything is one request with one answer. A refusal becomes an InfluxError that quotes InfluxDB's own words,
because they name the column, field or bucket that is wrong.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx

from lab.base.addresses import Addresses
from lab.base.errors import ServiceError
from lab.base.pace import allow

Row = dict[str, str]
"""One row of a query's answer: column name to text, as annotated CSV without annotations gives it."""

BATCH_LINES = 5000
"""Lines of line protocol per write request: what InfluxData recommends."""

EPOCH = datetime.fromtimestamp(0, UTC)
NOT_FOUND = 404
WRITTEN = 204
"""InfluxDB confirms a write with this status and with nothing else."""


class InfluxError(ServiceError):
    """InfluxDB answered with an error; `status` is the HTTP status and the cause holds its own words."""

    def __init__(self, request: str, status: int, reason: str) -> None:
        cause = f"InfluxDB refused {request} with {status}: {reason}"
        super().__init__("influxd", cause, "Read the reason above; ./workshop logs influxd has more.")
        self.status = status
        self.reason = reason


class Influx:
    """A client of one InfluxDB 2 organisation. Use it as a context manager or close() it."""

    def __init__(self, addresses: Addresses, timeout: float = 60.0) -> None:
        """`timeout` is in seconds on the reference machine, per request."""
        self._addresses, self._seconds = addresses, allow(timeout)
        self.names = addresses.names
        self.org = addresses.influx_org
        headers = {"Authorization": f"Token {addresses.influx_token}"}
        self._http = httpx.Client(
            base_url=addresses.influx_url, headers=headers, timeout=self._seconds, trust_env=False
        )
        self._org_id: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def org_id(self) -> str:
        """The organisation's id, asked for once."""
        if self._org_id is None:
            found = self.json("GET", "/api/v2/orgs", params={"org": self.org})["orgs"]
            self._org_id = str(found[0]["id"])
        return self._org_id

    def query(self, flux: str) -> list[Row]:
        """Run a Flux query and return the rows of all its tables. Raises ServiceError with InfluxDB's reason."""
        return list(self.iterate(flux))

    def iterate(self, flux: str) -> Iterator[Row]:
        """Like query, but row by row, for answers of many thousands of rows."""
        headers = {"Content-Type": "application/vnd.flux", "Accept": "application/csv"}
        answer = self._send("POST", "/api/v2/query", params={"org": self.org}, content=flux.encode(), headers=headers)
        if not answer.headers.get("content-type", "").startswith("text/csv"):
            raise self._stranger(answer)
        yield from parse_csv(answer.text)

    def tables(self, flux: str) -> list[Any]:
        """Run a Flux query; influxdb_client's FluxTables, one per group key, values as Python's.

        Raises influxdb_client's ApiException with the server's words where the query is wrong.
        """
        # Imported by the first query that needs it: it takes half of what a lesson's first cell would take.
        from influxdb_client.client.influxdb_client import InfluxDBClient
        from urllib3.exceptions import HTTPError

        try:
            with InfluxDBClient(**self._addresses.influx(), timeout=round(self._seconds * 1000)) as client:
                return [_with_line_feeds(table) for table in client.query_api().query(flux)]
        except HTTPError as error:
            raise self._no_answer(error) from error

    def write(self, bucket: str, lines: Iterable[str], precision: str = "us") -> None:
        """Write line protocol in batches; `precision` is ns, us, ms or s."""
        batch: list[str] = []
        for line in lines:
            batch.append(line)
            if len(batch) == BATCH_LINES:
                self._write(bucket, batch, precision)
                batch = []
        if batch:
            self._write(bucket, batch, precision)

    def delete(self, bucket: str, start: datetime, stop: datetime, predicate: str = "") -> None:
        """Delete the points of a bucket that match the predicate, e.g. 'generatorID="g1"'.

        InfluxDB takes both ends in: a point at `stop` goes as well (measured with 2.9.1), unlike in Flux's range().
        """
        body = {"start": instant(start), "stop": instant(stop)}
        if predicate:
            body["predicate"] = predicate
        self._send("POST", "/api/v2/delete", params={"org": self.org, "bucket": bucket}, json=body)

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        """One request to a JSON resource; None when the answer has no body."""
        answer = self._send(method, path, **arguments)
        return answer.json() if answer.content else None

    def queries_active(self) -> int:
        """How many queries InfluxDB holds at this moment, one whose asker has gone away included."""
        rows = self._send("GET", "/metrics").text.splitlines()
        return sum(int(float(row.rpartition(" ")[2])) for row in rows if row.startswith("qc_all_active"))

    def _write(self, bucket: str, batch: list[str], precision: str) -> None:
        where = {"org": self.org, "bucket": bucket, "precision": precision}
        answer = self._send("POST", "/api/v2/write", params=where, content="\n".join(batch).encode())
        if answer.status_code != WRITTEN:
            raise self._stranger(answer)

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise self._no_answer(error) from error
        if answer.is_error:
            raise InfluxError(f"{method} {path}", answer.status_code, _reason(answer))
        if not answer.is_success:
            raise self._stranger(answer)
        return answer

    def _no_answer(self, error: Exception) -> ServiceError:
        said = error if isinstance(error, httpx.HTTPError) and str(error) else type(error).__name__
        return ServiceError(
            "influxd",
            f"InfluxDB at {self._http.base_url} did not answer: {said}.",
            "Look at ./workshop status and ./workshop logs influxd.",
        )

    def _stranger(self, answer: httpx.Response) -> ServiceError:
        return ServiceError(
            "influxd",
            f"What answers {answer.request.url} with {answer.status_code} is not InfluxDB 2.",
            "Check the address of InfluxDB, and what is in between.",
        )


def parse_csv(text: str) -> Iterator[Row]:
    """The rows of an unannotated CSV answer; every blank line starts a table with a header of its own.

    InfluxDB writes a line feed within a value as `\\r\\n` and leaves carriage returns out; here it is a line feed.
    """
    header: list[str] | None = None
    for raw in csv.reader(io.StringIO(text, newline="")):
        cells = [cell.replace("\r\n", "\n") for cell in raw]
        if not cells:
            header = None
        elif header is None:
            header = cells
        else:
            yield dict(zip(header, cells, strict=False))


def _with_line_feeds(table: Any) -> Any:
    """The table with line feeds where InfluxDB's CSV has them as carriage return and line feed."""
    for record in table.records:
        for name, value in record.values.items():
            if isinstance(value, str) and "\r\n" in value:
                record.values[name] = value.replace("\r\n", "\n")
    return table


def instant(when: datetime) -> str:
    """RFC 3339 in UTC with microseconds, as Flux and the delete interface take it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_micros(micros: int) -> datetime:
    """A device time, in microseconds since the epoch, as a UTC datetime without rounding."""
    seconds, rest = divmod(micros, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


def to_micros(text: str) -> int:
    """Microseconds since the epoch of an RFC 3339 time as InfluxDB prints it; further decimals are cut."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:300] or answer.reason_phrase
