"""Settling a run: waiting goes on while anything moves, ends when nothing does, and at once at an interrupt."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import cast

import pytest

from lab.base.interrupt import SIGNALS, Interrupt, interruptible
from lab.demo import drain as settling
from lab.demo.backlog import LONGEST_S, SMALL, Backlog
from lab.demo.drain import Draining, drain
from lab.fleet.journal import Acked, Sent
from lab.ledger import LATE, LOST, WHOLE, AlarmRecord, Collector, Evidence, KafkaRecord, Positions
from lab.ledger.evidence import Key

START = 1_790_000_000_000_000
BACKLOG = 1000
READINGS = [Sent("g1", START + second * 1_000_000, second, 900.0) for second in range(10)]


class Sink(Collector):
    """A pipeline whose sink confirms so many records between two looks and then stops at an offset."""

    def __init__(self, step: int, stop: int) -> None:
        self._step, self._stop, self._at, self.looks = step, stop, 0, 0

    def positions(self, lookback: int, every: int) -> Positions:
        self.looks += 1
        self._at = min(self._stop, self._at + self._step)
        return Positions(sink={0: self._at}, task_until_us=START + 10_000_000, lookback=lookback)

    def kafka(self) -> list[KafkaRecord]:
        return [KafkaRecord(s.generator, s.time, s.seq, 0, BACKLOG + s.seq, 0) for s in READINGS]

    def raw(self, until_us: int) -> dict[Key, float]:
        return {(s.generator, s.time): s.fuel for s in READINGS if BACKLOG + s.seq < self._at}

    def refused(self) -> frozenset[Key]:
        return frozenset()

    def downsampled(self, until_us: int) -> dict[Key, str]:
        return {("g1", READINGS[-1].time): "ok"} if self._at >= BACKLOG + 10 else {}

    def alarms(self) -> list[AlarmRecord]:
        return [AlarmRecord("g1", READINGS[-1].time, "ok", 0)] if self._at >= BACKLOG + 10 else []


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "PAUSE_S", 0.01)
    monkeypatch.setattr(settling, "LONGEST_PAUSE_S", 0.01)


def begun() -> Evidence:
    acked = [Acked(s.generator, s.time, s.seq, 4.0) for s in READINGS]
    return Evidence(sent=READINGS, acked=acked, kafka=(), raw={}, downsampled={}, alarms=(), every=10)


def how(sink: Collector, patience_s: float, interrupt: Interrupt | None = None) -> Draining:
    watched = Interrupt() if interrupt is None else interrupt
    return Draining(sink, patience_s, 60, lambda: 0, watched, cast(Callable[[str], None], print))


def test_a_sink_that_moves_is_waited_for_many_times_the_patience() -> None:
    sink, begin = Sink(step=10, stop=BACKLOG + 10), time.monotonic()
    assert drain(begun(), how(sink, patience_s=0.2)).exit_code == WHOLE
    assert sink.looks == (BACKLOG + 10) // 10
    assert time.monotonic() - begin > 0.4


def test_a_sink_that_has_stopped_behind_the_readings_leaves_them_late() -> None:
    ledger = drain(begun(), how(Sink(step=100, stop=500), patience_s=0.3))
    assert (ledger.exit_code, ledger.lost, ledger.late.kafka_raw) == (LATE, 0, 10)
    assert ledger.late.records_before == BACKLOG + 9 - 500


def test_a_sink_that_has_passed_readings_which_are_nowhere_has_lost_them() -> None:
    class Loser(Sink):
        def raw(self, until_us: int) -> dict[Key, float]:
            return {key: fuel for key, fuel in super().raw(until_us).items() if key[1] != START}

    ledger = drain(begun(), how(Loser(step=600, stop=2000), patience_s=0.3))
    assert (ledger.exit_code, ledger.lost, ledger.late.total) == (LOST, 1, 0)


def test_readings_that_the_sink_refused_end_the_waiting_at_once() -> None:
    class Refuser(Sink):
        def raw(self, until_us: int) -> dict[Key, float]:
            return {key: fuel for key, fuel in super().raw(until_us).items() if key[1] != START}

        def refused(self) -> frozenset[Key]:
            return frozenset({("g1", START)})

    begin = time.monotonic()
    ledger = drain(begun(), how(Refuser(step=2000, stop=2000), patience_s=60.0))
    assert (ledger.exit_code, ledger.refused, ledger.lost) == (LOST, 1, 0)
    assert time.monotonic() - begin < 50.0


def test_an_interrupt_ends_the_waiting_with_what_is_known() -> None:
    class Interrupted(Sink):
        def positions(self, lookback: int, every: int) -> Positions:
            if self.looks == 3:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().positions(lookback, every)

    with interruptible() as interrupt:
        ledger = drain(begun(), how(Interrupted(step=1, stop=BACKLOG), 600.0, interrupt))
    assert (ledger.late.kafka_raw, ledger.lost, interrupt.exit_code) == (10, 0, 128 + signal.SIGTERM)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Python's own answer to Ctrl-C, which a process that was started in the background does not have."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_only_the_first_signal_is_taken_and_the_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with interruptible() as interrupt:
        os.kill(os.getpid(), signal.SIGINT)
        interrupt.wait(60.0)
        assert interrupt.signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.usefixtures("ctrl_c")
def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible() as interrupt:
            os.kill(os.getpid(), signal.SIGHUP)
            interrupt.wait(0.3)
            assert not interrupt
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_waiting_tells_how_far_the_sink_is() -> None:
    said: list[str] = []
    drain(begun(), replace(how(Sink(step=100, stop=500), 0.3), report=said.append))
    assert f"the sink has {BACKLOG + 9 - 500:,} records before the last of them" in said[-1]


@pytest.mark.parametrize(("records", "lookback"), [(0, None), (SMALL - 1, None), (300_000, 1180), (10**9, LONGEST_S)])
def test_the_look_back_grows_with_the_backlog(records: int, lookback: int | None) -> None:
    assert Backlog(records, 0).lookback == lookback


def test_a_backlog_is_said_and_none_is_not() -> None:
    assert Backlog(0, 0).words() == []
    assert "The sink has 300,000 records before it" in Backlog(300_000, 0).words()[0]
    assert "The dispatcher has 7 alarms" in Backlog(0, 7).words()[0]
