"""What the panels show, on recorded facts: rates, events, lag, cards, and that messages stay bounded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from lab.base.names import Names
from lab.kafka.groups import lag, whole_lag
from lab.widgets.event_log import EventLog, leader_moves, replica_changes, state_changes
from lab.widgets.fleet_snapshot import DOTTED, LISTED, FleetComposer
from lab.widgets.lag_snapshot import KEPT_S, LagComposer, rebalance
from lab.widgets.map_nodes import total_end
from lab.widgets.map_snapshot import MapComposer
from lab.widgets.panels.connector_panel import snapshot_of as connector_snapshot
from lab.widgets.poller import NOTHING_YET, Sample
from lab.widgets.rates import Rates, say_age, say_rate
from lab.widgets.schedule import period_of, seconds_of
from lab.widgets.topic_views import dead_letters, partitions, replicas

NAMES = Names()
NOW = 1_900_000_000.0


@dataclass(frozen=True)
class Seen:
    """A generator as the fleet panel sees it."""

    generatorID: str
    lat: float = 10.0
    lon: float = 20.0
    load: float = 40.0
    demand: float = 40.0
    power: float = 100.0
    fuel: float = 900.0
    running: bool = True
    connected: bool = True
    cut: bool = False
    latency_ms: float | None = None


def part(leader: int, isr: tuple[int, ...] = (1, 2, 3), end: int | None = 10) -> dict[str, Any]:
    return {"leader": leader, "replicas": [1, 2, 3], "isr": list(isr), "end": end}


def test_a_rate_is_growth_over_the_window_and_forgets_what_is_older() -> None:
    rates = Rates(window=5)
    assert rates.rate("x", 0, 0.0) is None
    for second in range(1, 4):
        seen = rates.rate("x", 100.0 * second, float(second))
    assert seen == 100.0
    for second in range(4, 20):
        seen = rates.rate("x", 300.0, float(second))
    assert seen == 0.0


def test_a_counter_that_falls_starts_anew_instead_of_showing_a_negative_rate() -> None:
    rates = Rates()
    rates.rate("x", 500, 0)
    assert rates.rate("x", 20, 1) is None
    assert rates.rate("x", 30, 2) == 10


def test_an_unknown_total_has_no_rate_and_ends_the_old_one() -> None:
    rates = Rates()
    rates.rate("x", 1, 0)
    assert rates.rate("x", None, 1) is None
    assert rates.rate("x", 100, 2) is None


@pytest.mark.parametrize(
    ("rate", "said"), [(None, "-"), (0.0, "0/s"), (0.44, "0.4/s"), (9.99, "10/s"), (1234, "1,234/s")]
)
def test_rates_in_words(rate: float | None, said: str) -> None:
    assert say_rate(rate) == said


@pytest.mark.parametrize(("seconds", "said"), [(-1, "0 s"), (59, "59 s"), (120, "2 min"), (7200, "2 h")])
def test_ages_in_words(seconds: float, said: str) -> None:
    assert say_age(seconds) == said


def test_leaders_that_move_are_told_once_per_pair_of_brokers() -> None:
    before = {"t": {0: part(2), 1: part(2), 2: part(1)}}
    after = {"t": {0: part(3), 1: part(3), 2: part(-1)}}
    assert leader_moves(before, after) == [
        "t partition 2: no leader (was broker 1)",
        "t partitions 0, 1: leader moved from broker 2 to 3",
    ]


def test_replicas_that_leave_and_rejoin_are_told() -> None:
    whole, weak = {"t": {0: part(1)}}, {"t": {0: part(1, (1, 3))}}
    assert replica_changes(whole, weak) == ["t partition 0: broker 2 left the in-sync replicas"]
    assert replica_changes(weak, whole) == ["t partition 0: broker 2 rejoined the in-sync replicas"]


def test_a_state_seen_for_the_first_time_is_no_news() -> None:
    assert state_changes({}, {"a": "down"}) == []
    assert state_changes({"a": "healthy"}, {"a": "down"}) == ["a: down"]


def test_a_lost_cluster_does_not_make_every_leader_look_moved_when_it_is_back() -> None:
    event_log = EventLog()
    event_log.look(0, {"t": {0: part(1)}}, {})
    event_log.look(1, {}, {})
    event_log.look(2, {"t": {0: part(1)}}, {})
    assert event_log.events == []


def test_lag_is_end_minus_committed_and_never_negative() -> None:
    held = {"committed": {"t/0": 4, "t/2": 5}, "ends": {"t/0": 10, "t/2": 3}}
    assert lag(held) == {"t/0": 6, "t/2": 0}
    assert whole_lag(lag(held)) == 6


def test_lag_is_unknown_without_an_end_or_a_commit_but_nobody_is_behind_in_an_empty_partition() -> None:
    members = {"m": ["t/1", "t/2", "t/3"]}
    held = {"members": members, "committed": {"t/0": 4, "t/1": 1}, "ends": {"t/1": 1, "t/2": 7, "t/3": 0}}
    assert lag(held) == {"t/0": None, "t/1": 0, "t/2": None, "t/3": 0}
    assert whole_lag(lag(held)) is None
    assert whole_lag({}) is None


def test_the_end_of_a_topic_is_unknown_while_a_partition_has_no_leader() -> None:
    assert total_end({"t": {0: part(1, end=4), 1: part(2, end=5)}}, "t") == 9
    assert total_end({"t": {0: part(1, end=4), 1: part(-1, end=None)}}, "t") is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("1h30m", 5400),
        ("24h0m0s", 86_400),
        ("1d", 86_400),
        ("1w", 604_800),
        ("500ms", 0.5),
        ("1mo", None),
        ("1y", None),
        ("-5m", None),
        ("", None),
    ],
)
def test_flux_durations(text: str, seconds: float | None) -> None:
    assert period_of(text) == seconds


def test_a_time_that_is_none_is_no_time() -> None:
    assert seconds_of("2026-01-01T00:00:00Z") == 1_767_225_600
    assert seconds_of("soon") is None


def test_an_empty_map_waits_and_says_so() -> None:
    snapshot = MapComposer(NAMES).compose({}, NOW)
    assert {card["state"] for card in snapshot["nodes"]} == {"waiting"}
    assert all("not seen yet" in word for word in snapshot["words"])
    assert snapshot["brokers"] == []
    assert snapshot["events"] == []


def test_a_lost_service_shows_as_lost_with_its_remedy_and_comes_back() -> None:
    composer = MapComposer(NAMES)
    good = Sample({"counts": {NAMES.raw_bucket: 5, NAMES.downsampled_bucket: 1}}, at=NOW)
    composer.compose({"influxd": good}, NOW)
    down = Sample(good.value, "influxd does not answer: refused", "It may be starting.", NOW)
    card = _card(composer.compose({"influxd": down}, NOW + 1), "raw")
    assert card["state"] == "down"
    assert "influxd" in card["remedy"]
    assert "refused" in card["detail"]
    back = composer.compose({"influxd": good}, NOW + 2)
    assert _card(back, "raw")["state"] == "ready"
    assert [event["text"] for event in back["events"] if "kafka_raw" in event["text"]] == [
        "kafka_raw: down",
        "kafka_raw: healthy",
    ]


def test_a_failed_task_of_a_connector_is_lost_with_its_first_line() -> None:
    tasks = [{"id": 0, "state": "FAILED", "trace": "Bad token\n\tat X"}]
    held = {NAMES.sink: {"state": "RUNNING", "tasks": tasks, "trace": ""}}
    card = _card(MapComposer(NAMES).compose({"connect": Sample({"connectors": held}, at=NOW)}, NOW), "sink")
    assert (card["state"], card["detail"]) == ("down", "Bad token")


def test_a_broker_that_is_gone_is_lost_and_keeps_its_place() -> None:
    composer = MapComposer(NAMES)
    composer.compose({"kafka": Sample({"brokers": [1, 2, 3], "topics": {}}, at=NOW)}, NOW)
    brokers = composer.compose({"kafka": Sample({"brokers": [1, 3], "topics": {}}, at=NOW)}, NOW)["brokers"]
    assert [(b["id"], b["state"]) for b in brokers] == [(1, "ready"), (2, "down"), (3, "ready")]
    assert brokers[1]["remedy"]


def test_the_fleets_message_stays_bounded_and_keeps_what_matters() -> None:
    composer = FleetComposer(NAMES)
    composer.followed = "generator900"
    views = [Seen(f"generator{n}", fuel=100.0 if n == 700 else 900.0) for n in range(1000)]
    samples = dict.fromkeys(("readings", "alarms", "statuses", "influxd"), NOTHING_YET)
    snapshot = composer.compose(views, samples, NOW)  # type: ignore[arg-type]
    assert [row["id"] for row in snapshot["generators"][:2]] == ["generator900", "generator700"]
    assert (len(snapshot["generators"]), len(snapshot["dots"])) == (LISTED, DOTTED)
    assert snapshot["hidden"] == 1000 - LISTED
    assert len(json.dumps(snapshot)) < 40_000


def test_the_followed_reading_shows_at_every_hop() -> None:
    composer = FleetComposer(NAMES)
    reading = {"key": "g1", "at": NOW - 2, "partition": 3, "offset": 7, "reading": {"load": 55.0}}
    samples = {
        "readings": Sample({"partitions": {3: [reading]}}, at=NOW),
        "alarms": NOTHING_YET,
        "statuses": NOTHING_YET,
        "influxd": Sample(
            {"followed": "g1", "follow": {NAMES.raw_bucket: {"load": "55.0", "time": "2030-03-17T17:46:36Z"}}}, at=NOW
        ),
    }
    hops = composer.compose([Seen("g1", load=55.0)], samples, NOW)["hops"]  # type: ignore[list-item]
    assert [(hop["hop"], hop["load"], hop["age"]) for hop in hops] == [
        ("device", 55.0, 0.0),
        ("Kafka", 55.0, 2.0),
        ("kafka_raw", 55.0, 4.0),
        ("kafka_downsampled", None, None),
        ("alarm in Kafka", None, None),
    ]


@pytest.mark.parametrize(
    ("took", "said"), [(None, "nothing acknowledged yet"), (1_203.4, "acknowledged after 1,203 ms")]
)
def test_the_device_says_how_long_its_acknowledgement_took(took: float | None, said: str) -> None:
    samples = dict.fromkeys(("readings", "alarms", "statuses", "influxd"), NOTHING_YET)
    snapshot = FleetComposer(NAMES).compose([Seen("g1", latency_ms=took)], samples, NOW)  # type: ignore[list-item]
    assert snapshot["hops"][0]["place"] == said
    assert f"g1 at device: load 40.0 percent, {said}." in snapshot["words"]


def test_a_will_that_arrives_is_told_and_an_old_one_is_not() -> None:
    composer = FleetComposer(NAMES)
    samples = dict.fromkeys(("readings", "alarms", "statuses", "influxd"), NOTHING_YET)
    samples["statuses"] = Sample({"statuses": {"g1": {"said": "online", "at": NOW - 60}}}, at=NOW)
    assert composer.compose([Seen("g1")], samples, NOW)["events"] == []  # type: ignore[list-item]
    samples["statuses"] = Sample({"statuses": {"g1": {"said": "offline", "at": NOW}}}, at=NOW)
    events = composer.compose([Seen("g1", connected=False)], samples, NOW)["events"]  # type: ignore[list-item]
    assert [event["text"] for event in events] == ["g1: Kafka holds its last will: offline"]


def test_partition_lanes_keep_order_and_remember_keys() -> None:
    held = [{"offset": n, "key": f"g{n % 2}", "reading": {}, "value": "", "at": NOW} for n in range(15)]
    seen = {"g9": 0}
    lane = partitions("t", Sample({"partitions": {0: held}}, at=NOW), seen)["lanes"][0]
    assert [record["offset"] for record in lane["records"]] == list(range(5, 15))
    assert lane["keys"] == ["g0", "g1", "g9"]


def test_the_replica_view_tells_a_missing_topic_from_a_lost_cluster() -> None:
    assert replicas("t", Sample({"brokers": [1], "topics": {}}, at=NOW), EventLog(), NOW)["missing"] is True
    assert replicas("t", Sample({}, "gone", "wait"), EventLog(), NOW)["missing"] is False
    assert replicas("t", NOTHING_YET, EventLog(), NOW)["missing"] is False


def test_a_dead_letter_says_why_and_where_it_came_from() -> None:
    headers = {"topic": "t", "partition": "4", "offset": "8", "exception.message": "not JSON"}
    letter = {
        "offset": 1,
        "at": NOW,
        "key": "",
        "partition": 0,
        "value": "{",
        "headers": {f"__connect.errors.{k}": v for k, v in headers.items()},
    }
    one = dead_letters("dlq", Sample({"partitions": {0: [letter]}}, at=NOW))["letters"][0]
    assert (one["reason"], one["origin"]) == ("not JSON", "t, partition 4, offset 8")


def test_lag_history_forgets_what_is_older_than_five_minutes() -> None:
    composer = LagComposer("g")
    for second in range(400):
        group = Sample({"state": "stable", "members": {}, "committed": {"t/0": 4}, "ends": {"t/0": 10}}, at=NOW)
        snapshot = composer.compose(group, NOW + second)
    assert snapshot["history"][0][0] >= -KEPT_S
    assert len(snapshot["history"]) <= KEPT_S + 1
    assert snapshot["total"] == 6


def test_a_rebalance_says_who_came_and_went() -> None:
    assert rebalance({"a": []}, {"a": [], "b": []}) == "Rebalance: 1 joined; 2 members"
    assert rebalance({"a": ["t/0"]}, {"a": ["t/1"]}) == "Rebalance: partitions moved; 1 member"


def test_a_connectors_secrets_are_not_shown() -> None:
    about = {"state": "RUNNING", "trace": "", "tasks": [], "config": {"influxdb.token": "t0p", "tasks.max": "1"}}
    config = connector_snapshot("s", Sample({"connectors": {"s": about}}, at=NOW))["config"]
    assert "t0p" not in json.dumps(config)
    assert config["tasks.max"] == "1"


def _card(snapshot: dict[str, Any], node: str) -> dict[str, Any]:
    card: dict[str, Any] = next(card for card in snapshot["nodes"] if card["id"] == node)
    return card
