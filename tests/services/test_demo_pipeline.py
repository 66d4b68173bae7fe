"""The whole pipeline on real services: nothing is lost, and what is made to be lost is found."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from lab import stack as services
from lab.addresses import Addresses
from lab.connect.client import Connect
from lab.demo import demo
from lab.demo import main as demo_main
from lab.influx import tasks
from lab.influx.api import Influx
from lab.ledger import Collector
from lab.pace import allow


def run(capsys: pytest.CaptureFixture[str], seconds: int = 15, faults: bool = False) -> tuple[int, dict[str, object]]:
    code = demo(seconds=seconds, generators=10, rate=200, faults=faults, as_json=True, keep=False)
    return code, json.loads(capsys.readouterr().out)


def test_a_short_demo_loses_nothing_alarms_refuels_and_leaves_no_trace(
    stack: Addresses, capsys: pytest.CaptureFixture[str]
) -> None:
    code, ledger = run(capsys, seconds=20)
    assert code == 0
    assert ledger["acknowledged"] == ledger["published"] == ledger["in_kafka"] == ledger["in_raw"]
    assert int(str(ledger["acknowledged"])) > 2000
    assert (ledger["lost"], ledger["order_inversions"], ledger["duplicates_in_kafka"]) == (0, 0, 0)
    assert int(str(ledger["downsampled_expected"])) >= 20
    assert int(str(ledger["refuel_alarms"])) >= 1
    assert int(str(ledger["refuels"])) >= 1
    with Connect(stack.connect_url) as connect, Influx(stack) as influx:
        assert connect.connectors() == []
        assert tasks.find(influx, stack.names.task) is None
    assert all(service.state == "ready" for service in services.status())


def test_points_deleted_from_the_raw_bucket_are_found_and_fail_the_demo(
    stack: Addresses, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Collector.raw

    def vandal(self: Collector, until_us: int) -> dict[tuple[str, int], float]:
        now = datetime.now(UTC)
        with Influx(stack) as influx:
            influx.delete(stack.names.raw_bucket, now - timedelta(minutes=5), now, 'generatorID="generator3"')
        return original(self, until_us)

    monkeypatch.setattr(Collector, "raw", vandal)
    monkeypatch.setattr(demo_main, "SETTLE_S", 15.0)
    code, ledger = run(capsys)
    assert code == 1
    assert ledger["raw_lost"] == int(str(ledger["lost"])) > 100
    assert ledger["in_kafka"] == ledger["acknowledged"]


@pytest.fixture
def stopped_sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A demo whose sink is stopped as soon as everything is provisioned."""
    original = demo_main.Show.run

    def sabotaged(self: demo_main.Show) -> object:
        with Connect(self.addresses.connect_url) as connect:
            connect.stop(self.addresses.names.sink)
        return original(self)

    monkeypatch.setattr(demo_main.Show, "run", sabotaged)
    monkeypatch.setattr(demo_main, "SETTLE_S", 15.0)
    return


def test_a_sink_that_does_not_run_fails_the_demo_and_names_the_hop(
    stack: Addresses, stopped_sink: None, capsys: pytest.CaptureFixture[str]
) -> None:
    code = demo(seconds=5, generators=5, rate=100, faults=False, as_json=True, keep=False)
    said = capsys.readouterr()
    ledger = json.loads(said.out)
    assert code == 1
    assert ledger["in_kafka"] == ledger["acknowledged"] > 0
    assert ledger["in_raw"] == 0
    assert ledger["raw_lost"] == ledger["acknowledged"]
    assert ledger["downsampled_missing"] == ledger["downsampled_expected"] > 0
    assert "not yet in kafka_raw" in said.err.replace("\n", " ") or "LOST" in said.err


def test_faults_of_every_kind_lose_nothing(stack: Addresses, capsys: pytest.CaptureFixture[str]) -> None:
    begin = time.monotonic()
    code, ledger = run(capsys, seconds=40, faults=True)
    assert code == 0, ledger
    faults = ledger["faults"]
    assert isinstance(faults, list)
    assert [fault["fault"] for fault in faults] == ["kill kafka2", "restart connect", "freeze influxd", "cut devices"]
    assert not any("error" in fault for fault in faults)
    assert time.monotonic() - begin < allow(240)
