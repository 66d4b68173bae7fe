"""Which alarms the dispatcher answers, and how their records are read."""

from __future__ import annotations

import json

import pytest

from lab.fleet.alarms import Alarm, parse_alarm
from lab.fleet.dispatcher import Dispatcher
from tests.support.nowhere import nowhere

TIME = 1_790_000_000_123_456


class Yard:
    """A fleet that only remembers who was refuelled."""

    def __init__(self) -> None:
        self.names = ["g1", "g2"]
        self.last = {"g1": TIME, "g2": TIME}
        self.refuelled: list[str] = []

    def refuel(self, name: str) -> None:
        self.refuelled.append(name)
        self.last[name] = TIME + 1000

    def last_refuel_us(self, name: str) -> int:
        return self.last[name]


@pytest.fixture
def yard() -> Yard:
    return Yard()


@pytest.fixture
def dispatcher(yard: Yard) -> Dispatcher:
    return Dispatcher(nowhere(), yard)


def test_a_refuel_alarm_is_answered_once_however_often_it_comes(dispatcher: Dispatcher, yard: Yard) -> None:
    alarm = Alarm("g1", TIME + 10, "refuel", "emea")
    assert [dispatcher.handle(alarm) for _ in range(3)] == [True, False, False]
    assert yard.refuelled == ["g1"]
    assert [(done.generator, done.alarm_us) for done in dispatcher.refuels] == [("g1", TIME + 10)]


@pytest.mark.parametrize(
    "alarm",
    [
        Alarm("g1", TIME + 10, "ok", "emea"),
        Alarm("g1", TIME - 1, "refuel", "emea"),
        Alarm("g1", TIME, "refuel", "emea"),
        Alarm("stranger", TIME + 10, "refuel", "emea"),
    ],
    ids=["all is well", "from before the last refuelling", "at that very moment", "not of this fleet"],
)
def test_other_alarms_are_passed_over(dispatcher: Dispatcher, yard: Yard, alarm: Alarm) -> None:
    assert not dispatcher.handle(alarm)
    assert yard.refuelled == []


def test_a_later_alarm_is_answered_again(dispatcher: Dispatcher, yard: Yard) -> None:
    dispatcher.handle(Alarm("g1", TIME + 10, "refuel", ""))
    dispatcher.handle(Alarm("g1", TIME + 2000, "refuel", ""))
    assert yard.refuelled == ["g1", "g1"]


@pytest.mark.parametrize("time", [TIME, TIME * 1000, "2026-09-21T14:13:20.123456Z", str(TIME)])
def test_times_are_read_in_the_precisions_a_connector_may_write(time: object) -> None:
    row = {"generatorID": "g1", "region": "emea", "alarm": "refuel", "fuel": 499.0, "time": time}
    assert parse_alarm(json.dumps(row).encode()) == Alarm("g1", TIME, "refuel", "emea")


def test_coarser_times_and_tags_in_an_object_are_read_too() -> None:
    row = {"tags": {"generatorID": "g1", "region": "apac"}, "alarm": "ok", "time": TIME // 1000}
    assert parse_alarm(json.dumps(row).encode()) == Alarm("g1", TIME // 1000 * 1000, "ok", "apac")


@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b"1", b'{"alarm":"ok"}', b'{"generatorID":"g","time":1}'])
def test_what_is_no_alarm_is_none(value: bytes | None) -> None:
    assert parse_alarm(value) is None
