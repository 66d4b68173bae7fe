"""The whole pipeline on real services: nothing is lost, and what is made to be lost is found."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from confluent_kafka import Producer

from lab import provision
from lab import stack as services
from lab.base.addresses import Addresses
from lab.base.pace import allow
from lab.connect.client import Connect, Offset
from lab.demo import demo
from lab.demo import main as demo_main
from lab.influx import buckets, tasks
from lab.influx.api import Influx
from lab.ledger import Collector, GroupReader, Positions
from lab.provision import DEMO_EVERY_S
from tests.support.waiting import until


@pytest.fixture(scope="module", autouse=True)
def nothing_of_the_pipeline(stack: Addresses) -> None:
    """These tests begin without the connectors and the task that lessons may have left on this stack."""
    with Connect(stack.connect_url) as connect, Influx(stack) as influx:
        for name in (stack.names.sink, stack.names.source):
            connect.delete(name)
        tasks.remove(influx, stack.names.task)


SLOT_S = 2
"""The task's slot where its length is not what is tested: the demo waits for the end of the last one."""


def run(
    capsys: pytest.CaptureFixture[str], seconds: int = 15, faults: bool = False, every: int = DEMO_EVERY_S
) -> tuple[int, dict[str, object]]:
    code = demo(seconds=seconds, generators=10, rate=200, faults=faults, as_json=True, keep=False, every=every)
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


@pytest.mark.thorough("a demo that loses readings in one more way")
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
    monkeypatch.setattr(demo_main, "ARRIVAL_S", 15.0)
    code, ledger = run(capsys)
    assert code == 1
    assert ledger["raw_lost"] == int(str(ledger["lost"])) > 100
    assert ledger["in_kafka"] == ledger["acknowledged"]


def before_the_fleet(monkeypatch: pytest.MonkeyPatch, act: Callable[[Connect, Addresses], object]) -> None:
    """Have this done when everything is provisioned and nothing published."""
    original = demo_main.Show.run

    def sabotaged(self: demo_main.Show) -> object:
        with Connect(self.addresses.connect_url) as connect:
            act(connect, self.addresses)
        return original(self)

    monkeypatch.setattr(demo_main.Show, "run", sabotaged)


def pause_sink(connect: Connect, addresses: Addresses) -> None:
    """Return when no task of the sink takes records any more: Connect pauses them one after another."""
    connect.pause(addresses.names.sink)
    until(lambda: {task.state for task in connect.status(addresses.names.sink).tasks} == {"PAUSED"}, 300)


def behind(addresses: Addresses) -> int:
    with GroupReader(addresses, addresses.names.sink_group) as sink:
        return sink.position(addresses.names.readings).behind


def produce_refused(addresses: Addresses, count: int) -> None:
    """Records that the sink cannot map, because their time is no number."""
    producer = Producer({**addresses.librdkafka(), "queue.buffering.max.messages": count})
    for number in range(count):
        producer.produce(addresses.names.readings, b'{"time": "soon", "fuel": 1.0}', key=f"refused{number}")
        producer.poll(0)
    assert producer.flush(120) == 0


def test_readings_behind_a_paused_sink_are_late_and_the_next_run_brings_them(
    stack: Addresses, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Late with its own exit code and words while nothing moves, and whole once the sink goes on behind a backlog."""
    produce_refused(stack, 5_000)
    before, begin_us = behind(stack), time.time_ns() // 1000
    with monkeypatch.context() as patch:
        before_the_fleet(patch, pause_sink)
        patch.setattr(demo_main, "ARRIVAL_S", 3.0)
        code = demo(seconds=5, generators=5, rate=100, faults=False, as_json=True, keep=False, every=SLOT_S)
    said = capsys.readouterr()
    ledger = json.loads(said.out)
    late, words = ledger["late"], " ".join(said.err.split())
    assert (code, ledger["lost"], ledger["raw_lost"], ledger["refused"]) == (3, 0, 0, 0), words
    assert ledger["in_kafka"] == ledger["acknowledged"] > 0
    assert late["kafka_raw"] == ledger["acknowledged"] - ledger["in_raw"] > 0
    assert late["kafka_downsampled"] == late["generator_alarms"] == ledger["downsampled_missing"] > 0
    assert late["records_before"] >= late["kafka_raw"] - 6
    assert f"The sink has {before:,} records before it" in words
    assert f"{late['kafka_raw']:,} readings: still in Kafka" in words

    code, again = run(capsys, seconds=5, every=SLOT_S)
    assert (code, again["lost"]) == (0, 0), again
    with Influx(stack) as influx:
        found = buckets.count(influx, stack.names.raw_bucket, begin_us)
    assert found >= ledger["acknowledged"] + int(str(again["in_raw"]))


def test_a_sink_that_drops_readings_and_commits_is_found_as_loss_though_the_rest_is_late(
    stack: Addresses, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sink stops; then its group is moved past the readings of three partitions, as if it had dropped them."""

    def stop(connect: Connect, addresses: Addresses) -> None:
        connect.stop(addresses.names.sink)
        until(lambda: not connect.status(addresses.names.sink).tasks, 300)

    original = Collector.positions

    def skip(self: Collector, lookback: int, every: int) -> Positions:
        names = stack.names
        with GroupReader(stack, names.sink_group) as sink, Connect(stack.connect_url) as connect:
            ends = sink.position(names.readings).ends
            passed = [
                ({"kafka_topic": names.readings, "kafka_partition": n}, {"kafka_offset": ends[n]}) for n in (0, 1, 2)
            ]
            connect.alter_offsets(names.sink, [Offset(*entry) for entry in passed])
        return original(self, lookback, every)

    before_the_fleet(monkeypatch, stop)
    monkeypatch.setattr(Collector, "positions", skip)
    monkeypatch.setattr(demo_main, "ARRIVAL_S", 3.0)
    code, ledger = run(capsys, seconds=5, every=SLOT_S)
    late = ledger["late"]
    assert isinstance(late, dict)
    assert code == 1
    assert int(str(ledger["raw_lost"])) > 0
    assert late["kafka_raw"] > 0
    assert int(str(ledger["raw_lost"])) + late["kafka_raw"] == ledger["acknowledged"]


def test_acknowledged_readings_that_the_sink_refuses_fail_the_demo_as_refused(
    stack: Addresses, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sink is told to read the time from a field that is no time, so it puts every reading aside."""

    def misconfigure(connect: Connect, addresses: Addresses) -> None:
        config = connect.config(addresses.names.sink)
        connect.create_or_update(addresses.names.sink, {**config, "event.time.fieldname": "generatorID"})
        until(lambda: connect.status(addresses.names.sink).running, 300)

    before_the_fleet(monkeypatch, misconfigure)
    code = demo(seconds=5, generators=5, rate=100, faults=False, as_json=True, keep=False, every=SLOT_S)
    said = capsys.readouterr()
    ledger = json.loads(said.out)
    assert (code, ledger["lost"], ledger["late"]["kafka_raw"]) == (1, 0, 0), said.err
    assert ledger["refused"] == ledger["acknowledged"] - ledger["in_raw"] > 0
    assert "REFUSED (dead-letter topic)" in said.err


@pytest.fixture
def stopped_sink(stack: Addresses) -> Iterator[Connect]:
    """A sink that a person made and stopped before the demo."""
    provision.topics(stack)
    provision.buckets(stack)
    provision.sink(stack)
    with Connect(stack.connect_url) as connect:
        connect.stop(stack.names.sink)
        yield connect
        connect.delete(stack.names.sink)


def test_an_interrupted_demo_ends_soon_with_a_ledger_and_leaves_a_stopped_sink_stopped(
    stack: Addresses, stopped_sink: Connect
) -> None:
    command = [sys.executable, "-m", "lab.commands.cli", "demo", "--seconds", "600", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said = ""
        assert process.stderr is not None
        while " acknowledged," not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=200)
    ledger = json.loads(out)
    assert process.returncode == 128 + signal.SIGTERM
    assert ledger["interrupted"]
    assert (ledger["lost"], ledger["acknowledged"] > 0) == (0, True), err
    assert "Interrupted" in err
    until(lambda: stopped_sink.status(stack.names.sink).state == "STOPPED", 60)


@pytest.mark.thorough("a demo behind a long backlog")
@pytest.mark.timeout(1800)
def test_a_demo_behind_a_long_backlog_of_refused_records_is_whole(
    stack: Addresses, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    produce_refused(stack, 300_000)
    code, ledger = run(capsys, seconds=20)
    assert (code, ledger["lost"]) == (0, 0), ledger
    assert ledger["in_raw"] == ledger["acknowledged"]


def test_faults_of_every_kind_lose_nothing(stack: Addresses, capsys: pytest.CaptureFixture[str]) -> None:
    begin = time.monotonic()
    code, ledger = run(capsys, seconds=40, faults=True)
    assert code == 0, ledger
    faults = ledger["faults"]
    assert isinstance(faults, list)
    assert [fault["fault"] for fault in faults] == ["kill kafka2", "restart connect", "freeze influxd", "cut devices"]
    assert not any("error" in fault for fault in faults)
    assert time.monotonic() - begin < allow(240)
