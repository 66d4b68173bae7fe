"""The map on what services really say: schedules, brokers, lag, odd values; and pictures that cannot be drawn."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import pytest

from lab.base.names import Names
from lab.base.pace import allow
from lab.jupyter import watch as watch_module
from lab.jupyter.sampler import Lines
from lab.jupyter.watch import Watch
from lab.widgets import poller as pump_module
from lab.widgets.fleet_snapshot import _bucket_hop
from lab.widgets.lag_snapshot import LagComposer
from lab.widgets.map_snapshot import MapComposer
from lab.widgets.panel import Panel
from lab.widgets.poller import NOTHING_YET, Delivery, Poller, Sample
from lab.widgets.rates import number_of, say_age
from lab.widgets.schedule import runs
from lab.widgets.topic_views import dead_letters, partitions
from tests.support.nowhere import nowhere
from tests.support.waiting import until

NAMES = Names()
NOW = 1_900_000_000.0
AT_NOW = "2030-03-17T17:46:40Z"
BEFORE = "2030-03-17T17:46:30Z"


def part(replicas: tuple[int, ...], end: int | None = 10) -> dict[str, Any]:
    return {"leader": replicas[0], "replicas": list(replicas), "isr": list(replicas), "end": end}


def card(snapshot: dict[str, Any], node: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in snapshot["nodes"] if one["id"] == node)
    return found


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"every": "10s", "latestCompleted": BEFORE}, "ran 10 s ago, the next run is due"),
        ({"every": "10400ms", "latestCompleted": BEFORE}, "ran 10 s ago, the next run is due"),
        ({"every": "1m", "latestCompleted": BEFORE}, "ran 10 s ago, next in 50 s"),
        ({"every": "1m", "offset": "8s", "latestCompleted": BEFORE}, "ran 2 s ago, next in 58 s"),
        ({"every": "1d", "latestCompleted": BEFORE}, "ran 10 s ago, next in 24 h"),
        ({"every": "1mo", "latestCompleted": BEFORE}, "ran 10 s ago, next as its period says"),
        ({"cron": "0 6 * * *", "latestCompleted": BEFORE}, "ran 10 s ago, next as its cron says"),
    ],
)
def test_the_last_and_the_next_run_in_words(task: dict[str, Any], said: str) -> None:
    assert runs({**task, "lastRunStatus": "success"}, NOW) == said


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"every": "1h", "offset": "5m"}, "no run yet, the first within 1 h"),
        ({"cron": "0 6 * * *"}, "no run yet, the first as its cron says"),
    ],
)
def test_a_task_that_never_ran_says_so(task: dict[str, Any], said: str) -> None:
    assert runs({**task, "latestCompleted": BEFORE}, NOW) == said


def test_a_period_of_weeks_is_told_in_days() -> None:
    assert say_age(6 * 86_400) == "6 days"


def test_a_cluster_of_one_broker_shows_one_broker() -> None:
    kafka = Sample({"brokers": [7], "topics": {NAMES.readings: {0: part((7,))}}}, at=NOW)
    snapshot = MapComposer(NAMES).compose({"kafka": kafka}, NOW)
    assert [(b["id"], b["state"]) for b in snapshot["brokers"]] == [(7, "ready")]
    assert "Broker 7: up, leads 1 partitions." in snapshot["words"]


def test_a_broker_that_died_before_the_first_look_is_known_by_its_replicas() -> None:
    kafka = Sample({"brokers": [1, 3], "topics": {NAMES.readings: {0: part((1, 2, 3))}}}, at=NOW)
    snapshot = MapComposer(NAMES).compose({"kafka": kafka}, NOW)
    assert [(b["id"], b["state"]) for b in snapshot["brokers"]] == [(1, "ready"), (2, "down"), (3, "ready")]


def test_before_the_first_look_no_sentence_calls_a_broker_down() -> None:
    snapshot = MapComposer(NAMES).compose({}, NOW)
    assert snapshot["words"]
    assert not [word for word in snapshot["words"] if ": down" in word]


def sink_facts(group: Sample) -> dict[str, Sample]:
    running = {"state": "RUNNING", "tasks": [{"id": 0, "state": "RUNNING", "trace": ""}], "trace": ""}
    return {"connect": Sample({"connectors": {NAMES.sink: running}}, at=NOW), "sink group": group}


def test_the_lag_of_a_group_that_is_lost_is_unknown() -> None:
    held = {"committed": {"t/0": 4}, "ends": {"t/0": 10}}
    good = MapComposer(NAMES).compose(sink_facts(Sample(held, at=NOW)), NOW)
    assert card(good, "sink")["lines"][1] == "-, lag 6"
    down = MapComposer(NAMES).compose(sink_facts(Sample(held, "gone", "wait", NOW)), NOW)
    assert card(down, "sink")["lines"][1] == "-, lag unknown"
    unseen = MapComposer(NAMES).compose(sink_facts(NOTHING_YET), NOW)
    assert card(unseen, "sink")["lines"][1] == "-, lag unknown"


def test_a_bucket_that_refuses_every_reading_says_why_and_names_the_cure() -> None:
    wrong = {"field": "power", "type": "integer", "cause": "Field power is an integer.", "remedy": "Reset it."}
    influx = Sample(
        {"counts": {NAMES.raw_bucket: 5, NAMES.downsampled_bucket: 1}, "wrong": {NAMES.raw_bucket: [wrong]}}, at=NOW
    )
    snapshot = MapComposer(NAMES).compose({"influxd": influx}, NOW)
    raw, downsampled = card(snapshot, "raw"), card(snapshot, "downsampled")
    assert (raw["state"], raw["lines"]) == ("slow", ["5 rows", "power is of type integer"])
    assert (raw["detail"], raw["remedy"]) == (wrong["cause"], wrong["remedy"])
    assert downsampled["state"] == "ready"
    assert any("power is of type integer" in words and "Reset it." in words for words in snapshot["words"])


@pytest.mark.parametrize("load", ["full", "", "NaN", "+Inf"])
def test_a_text_in_a_bucket_leaves_the_map_working(load: str) -> None:
    influx = Sample({"follow": {NAMES.raw_bucket: {"load": load, "time": AT_NOW}}, "followed": "g1"}, at=NOW)
    follow = MapComposer(NAMES).compose({"influxd": influx}, NOW)["follow"]
    assert follow == {"name": "g1", "rows": [{"bucket": NAMES.raw_bucket, "load": None, "age": 0.0}]}


@pytest.mark.parametrize("load", ["full", "NaN"])
def test_a_text_in_a_bucket_is_no_load_of_the_fleet(load: str) -> None:
    hop = _bucket_hop(NAMES.raw_bucket, {"load": load, "time": AT_NOW}, NOW)
    assert (hop["load"], hop["age"]) == (None, None)


@pytest.mark.parametrize(("value", "number"), [("4.5", 4.5), (3, 3.0), ("x", None), (None, None), ([], None)])
def test_numbers_that_are_none(value: object, number: float | None) -> None:
    assert number_of(value) == number
    assert number_of(10**400) is None


def test_a_group_on_a_lessons_topic_shows_its_lag() -> None:
    held = {"state": "empty", "members": {}, "committed": {"l05_orders/0": 4}, "ends": {"l05_orders/0": 10}}
    snapshot = LagComposer("l05").compose(Sample(held, at=NOW), NOW)
    assert snapshot["total"] == 6
    assert snapshot["partitions"] == [{"place": "l05_orders/0", "lag": 6}]
    assert snapshot["words"] == ["Group l05: 0 members, lag 6 records. Most of it in l05_orders/0: 6."]


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"members": {"a": ["t/0"]}, "ends": {"t/0": 9}}, "1 member, lag unknown: it has committed nothing there yet"),
        ({"members": {}}, "0 members, lag unknown: it reads no topic"),
    ],
)
def test_a_lag_nobody_can_know_is_unknown_and_makes_no_history(held: dict[str, Any], said: str) -> None:
    snapshot = LagComposer("g").compose(Sample(held, at=NOW), NOW)
    assert (snapshot["total"], snapshot["history"]) == (None, [])
    assert said in snapshot["words"][0]


def test_a_lost_group_has_no_lag() -> None:
    held = {"committed": {"t/0": 4}, "ends": {"t/0": 10}}
    assert LagComposer("g").compose(Sample(held, "gone", "wait", NOW), NOW)["total"] is None


def test_nothing_is_said_of_letters_and_lanes_that_nobody_has_looked_for() -> None:
    assert dead_letters("dlq", NOTHING_YET)["words"] == ["dlq: not seen yet."]
    assert dead_letters("dlq", Sample({"missing": True, "partitions": {}}, at=NOW))["words"] == [
        "There is no topic dlq yet."
    ]
    assert partitions("t", Sample({"missing": True, "partitions": {}}, at=NOW), {})["words"] == [
        "There is no topic t yet."
    ]


class Plain(Panel):
    source = "fault_panel"


def test_a_picture_that_cannot_be_drawn_is_told_once_and_so_is_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump_module, "TICK", 0.02)
    panel, poller, answers = Plain(heading="P"), Poller(nowhere), [{"words": ["good"]}]
    said: list[dict[str, Any]] = []
    panel.observe(lambda change: said.append(change["new"]), "notice")
    looks: list[int] = []

    def compose() -> dict[str, Any]:
        looks.append(1)
        if not answers:
            raise ValueError("could not convert string to float: 'full'")
        return answers[0]

    poller.attach("panel", Delivery(compose, panel.feed, 0.0, say=panel.say))
    until(lambda: panel.snapshot == {"words": ["good"]})
    held = answers.pop()
    until(lambda: said)
    seen = len(looks)
    until(lambda: len(looks) > seen + 3)
    answers.append(held)
    until(lambda: len(said) > 1)
    poller.stop()
    assert [one["level"] for one in said] == ["trouble", "done"]
    assert "could not convert string to float: 'full'" in said[0]["text"]
    assert said[0]["remedy"]


def test_the_docked_map_keeps_its_last_picture_and_says_why_it_stopped() -> None:
    answers: list[Any] = [{"words": ["good"]}, ValueError("full"), {"load": float("nan")}, {"words": ["again"]}]

    def compose() -> dict[str, Any]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        found: dict[str, Any] = answer
        return found

    lines = Lines(compose)
    first, broken, odd, last = (json.loads(lines.next()) for _ in range(4))
    assert (first, last) == ({"words": ["good"]}, {"words": ["again"]})
    assert broken["words"] == ["good"]
    assert "ValueError: full" in broken["notice"]["text"]
    assert broken["notice"]["remedy"]
    assert odd["words"] == ["good"]


async def test_a_sampler_that_ends_by_itself_is_told_with_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "AGAIN_S", 60.0)
    watch = Watch(sys.executable, "-c", "raise SystemExit(3)")
    async with asyncio.timeout(allow(20)):
        while "notice" not in json.loads(watch.look()):
            await asyncio.sleep(0.02)
    ended = watch._task
    assert json.loads(watch.look())["loading"] is True
    assert "exit code 3" in json.loads(watch.look())["notice"]["text"]
    assert watch._task is ended
    await watch.close()
