"""Sink and source through the failures of what they stand between, short by default and at full length with `--all`."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit

import pytest
from confluent_kafka import Message, Producer

from bench.connect_trial import Trial
from lab import stack as services
from lab.base.pace import allow
from lab.faults.relay import Relay
from lab.stack import supervisor
from lab.stack.layout import layout

PATIENCE_S = 600
LOOKBACK_MS = str(20 * 60 * 1000)
"""While the sink cannot write, rows become visible late: the source must look back that far."""

pytestmark = pytest.mark.timeout(1800)


@dataclass(frozen=True)
class Trouble:
    """How much of it: readings a second, seconds that influxd is away or frozen, refusals, kills of the worker."""

    rate: int
    away_s: int
    frozen_s: int
    refusals: int
    kills: int


SHORT = Trouble(300, 5, 4, 6, 2)
FULL = Trouble(2000, 60, 30, 60, 10)
either = pytest.mark.parametrize(
    "trouble",
    [pytest.param(SHORT, id="short"), pytest.param(FULL, id="full", marks=pytest.mark.thorough("long outages"))],
)


class Load:
    """So many readings a second to the trial's topic until the block ends; `seqs` are those that Kafka confirmed."""

    def __init__(self, trial: Trial, rate: int) -> None:
        self.seqs: set[int] = set()
        self._rate = rate
        self._trial = trial
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load")

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        producer = Producer({**self._trial.addresses.librdkafka(), "linger.ms": 5})
        begun, sent = time.monotonic(), 0
        while not self._done.wait(0.02):
            due = int((time.monotonic() - begun) * self._rate)
            for seq in range(sent, due):
                self._send(producer, seq)
            sent = due
            producer.poll(0)
        assert producer.flush(allow(60)) == 0

    def _send(self, producer: Producer, seq: int) -> None:
        value = {"generatorID": f"g{seq % 20}", "time": time.time_ns() // 1000, "seq": seq, "fuel": 1.5}
        confirmed = lambda error, _: None if error else self.seqs.add(seq)  # noqa: E731
        producer.produce(self._trial.topic, json.dumps(value), key=value["generatorID"], on_delivery=confirmed)


def supervised(service: str) -> str:
    """The supervisor's word for a service's state."""
    return (supervisor.processes(layout()) or {})[service].state


def wait_for_points(trial: Trial, more_than: int) -> None:
    trial.wait(lambda: trial.count("seq") > more_than, f"more than {more_than} points are there", PATIENCE_S)


def drained(trial: Trial, sink: str, load: Load) -> None:
    """Lag zero, every reading in InfluxDB, the tasks running."""
    trial.wait(lambda: trial.committed(sink) >= len(load.seqs), "the lag drains", PATIENCE_S)
    assert trial.count("seq") == len(load.seqs)
    assert trial.connect.status(sink).running


@either
def test_influxd_stopped(trial: Trial, trouble: Trouble) -> None:
    sink = trial.sink()
    influxd = services.control("influxd")
    with Load(trial, trouble.rate) as load:
        wait_for_points(trial, 0)
        influxd.stop()
        time.sleep(trouble.away_s)  # the length of the outage is what is tested
        influxd.start()
        trial.wait(lambda: _alive(trial), "influxd is back", PATIENCE_S)
        wait_for_points(trial, trial.count("seq"))
    drained(trial, sink, load)


@either
def test_influxd_frozen(trial: Trial, trouble: Trouble) -> None:
    sink = trial.sink(influxdb_request_timeout_ms="3000")
    influxd = services.control("influxd")
    with Load(trial, trouble.rate) as load:
        wait_for_points(trial, 0)
        influxd.freeze()
        time.sleep(trouble.frozen_s)  # the length of the freeze is what is tested
        influxd.thaw()
        wait_for_points(trial, trial.count("seq"))
    drained(trial, sink, load)


@either
def test_503_with_retry_after(trial: Trial, trouble: Trouble) -> None:
    address = urlsplit(trial.addresses.influx_url)
    with Relay(address.hostname or "", address.port or 0) as relay:
        sink = trial.sink(influxdb_url=f"http://127.0.0.1:{relay.port}")
        with Load(trial, trouble.rate) as load:
            wait_for_points(trial, 0)
            relay.answer_503(trouble.refusals, retry_after_s=1)
            trial.wait(lambda: relay.refusals >= trouble.refusals, "every refusal was met", PATIENCE_S)
            wait_for_points(trial, trial.count("seq"))
        drained(trial, sink, load)
        trial.connect.delete(sink)


@pytest.mark.thorough("long outages")
@pytest.mark.parametrize("trouble", [FULL], ids=["full"])
def test_the_worker_is_killed_under_load(trial: Trial, trouble: Trouble) -> None:
    """Sink and source in a row: every reading is in InfluxDB and in the out topic."""
    sink = trial.sink()
    source = trial.source(lookback_ms=LOOKBACK_MS)
    worker = services.control("connect")
    with Load(trial, trouble.rate) as load:
        wait_for_points(trial, 0)
        for _ in range(trouble.kills):
            # Killed sooner after its start, time and again, it would count as a service that cannot start.
            trial.wait(
                lambda: supervised("connect") == "RUNNING", "the supervisor counts Connect as started", PATIENCE_S
            )
            worker.kill()  # counted when it is dead: only its successor adds more
            wait_for_points(trial, trial.count("seq") + trouble.rate)
    drained(trial, sink, load)

    out = Numbers(load.seqs)
    read = trial.consume(trial.out_topic, out, PATIENCE_S)
    assert load.seqs - out.found == set(), "rows lost between InfluxDB and Kafka"
    assert trial.connect.status(source).running
    print(f"{len(load.seqs)} readings, {trouble.kills} kills, {len(read) - len(out.found)} rows repeated")


class Numbers:
    """Called with all messages so far: whether every wanted sequence number is among them."""

    def __init__(self, wanted: set[int]) -> None:
        self.found: set[int] = set()
        self._wanted = wanted
        self._looked_at = 0

    def __call__(self, messages: list[Message]) -> bool:
        fresh = messages[self._looked_at :]
        self._looked_at = len(messages)
        self.found.update(json.loads(message.value())["seq"] for message in fresh)
        return self._wanted <= self.found


def _alive(trial: Trial) -> bool:
    return bool(trial.influx.ping())
