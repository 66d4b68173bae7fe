"""What the workshop leaves out of the influxd that it builds says so, and does nothing worse."""

from __future__ import annotations

import mmap

import pytest

from lab.addresses import Addresses
from lab.influx.api import Influx, InfluxError
from lab.stack import supervision
from lab.stack.influxd import used
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
def influx(stack: Addresses) -> Influx:
    """The session's InfluxDB, when it is one that the workshop built with its stand-ins."""
    binary = used(layout())
    assert binary is not None
    with binary.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as inside:
        if inside.find(OURS) < 0:
            pytest.skip(f"{binary} was not built by this workshop: it has every driver")
    return Influx(stack)


def refused(influx: Influx, script: str) -> str:
    with pytest.raises(InfluxError) as error:
        influx.query(script)
    return str(error.value)


@pytest.mark.parametrize("driver", SOURCES)
def test_a_left_out_database_says_so(influx: Influx, driver: str) -> None:
    script = f'import "sql" sql.from(driverName: "{driver}", dataSourceName: "{SOURCES[driver]}", query: "SELECT 1")'
    assert f"{OURS.decode()} the {driver.replace('sqlserver', 'mssql')} driver" in refused(influx, script)


def test_left_out_clients_of_bigtable_and_kafka_say_so(influx: Influx) -> None:
    bigtable = """import "experimental/bigtable"
        bigtable.from(token: "t", project: "p", instance: "i", table: "t")
            |> filter(fn: (r) => r.rowKey == "a") |> limit(n: 1)"""
    kafka = f"""import "kafka" {ROWS} |> kafka.to(brokers: ["127.0.0.1:9"], topic: "t", name: "m")"""
    assert f"{OURS.decode()} the bigtable client" in refused(influx, bigtable)
    assert f"{OURS.decode()} the kafka client" in refused(influx, kafka)


def test_sqlite_is_left_in_and_the_server_is_well(influx: Influx) -> None:
    script = 'import "sql" sql.from(driverName: "sqlite3", dataSourceName: "file::memory:", query: "SELECT 7 AS n")'
    assert [row["n"] for row in influx.query(script)] == ["7"]
    process = (supervision.processes(layout()) or {})["influxd"]
    assert process.state == "RUNNING"
