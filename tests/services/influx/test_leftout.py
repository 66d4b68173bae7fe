"""What the workshop leaves out of the influxd that it builds says so, and does nothing worse."""

from __future__ import annotations

import mmap
from collections.abc import Iterator

import pytest

from lab.base.addresses import Addresses
from lab.influx.api import Influx, InfluxError
from lab.stack import supervisor
from lab.stack.influxd.server import used
from lab.stack.layout import layout

OURS = b"this influxd was built by the workshop without"
ROWS = 'import "array" array.from(rows: [{_time: now(), _value: 1.0, _measurement: "m"}])'
SOURCES = {
    "mysql": "user:word@tcp(127.0.0.1:9)/base",
    "postgres": "postgres://user:word@127.0.0.1:9/base",
    "vertica": "vertica://user:word@127.0.0.1:9/base",
    "snowflake": "user:word@account/base",
    "mssql": "sqlserver://user:word@127.0.0.1:9?database=base",
    "sqlserver": "sqlserver://user:word@127.0.0.1:9?database=base&azure auth=MSI",
    "awsathena": "s3://bucket/?region=us-west-1&db=base&accessID=a&secretAccessKey=b",
    "bigquery": "bigquery://project/location?dataset=set",
    "hdb": "hdb://user:word@127.0.0.1:9",
}


@pytest.fixture(scope="module")
def influx(stack: Addresses) -> Iterator[Influx]:
    """The session's InfluxDB, when it is one that the workshop built with its stand-ins."""
    binary = used(layout())
    assert binary is not None
    with binary.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as inside:
        if inside.find(OURS) < 0:
            pytest.skip(f"{binary} was not built by this workshop: it has every driver")
    with Influx(stack) as client:
        yield client


def refused(influx: Influx, script: str) -> str:
    with pytest.raises(InfluxError) as error:
        influx.query(script)
    return str(error.value)


@pytest.mark.parametrize("driver", SOURCES)
def test_a_left_out_database_says_so(influx: Influx, driver: str) -> None:
    script = f'import "sql" sql.from(driverName: "{driver}", dataSourceName: "{SOURCES[driver]}", query: "SELECT 1")'
    assert f"{OURS.decode()} the {driver.replace('sqlserver', 'mssql')} driver" in refused(influx, script)


def test_the_left_out_client_of_kafka_says_so(influx: Influx) -> None:
    kafka = f"""import "kafka" {ROWS} |> kafka.to(brokers: ["http://127.0.0.1:9"], topic: "t", name: "m")"""
    assert f"{OURS.decode()} the kafka client" in refused(influx, kafka)


def test_sqlite_is_left_in_and_the_server_is_well(influx: Influx) -> None:
    source = 'driverName: "sqlite3", dataSourceName: "file::memory:"'
    script = f"""import "sql" sql.from({source}, query: "SELECT 'seven' AS n")"""
    assert [row["n"] for row in influx.query(script)] == ["seven"]
    process = (supervisor.processes(layout()) or {})["influxd"]
    assert process.state == "RUNNING"
