"""The fleet panel behind its picture: whose fleet it drives, and what it says of large fleets and down services."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lab import widgets
from lab.base.errors import LearnerError
from lab.base.names import Names
from lab.base.settings import settings
from lab.fleet.generator import Generator
from lab.fleet.views import GeneratorView
from lab.widgets import fleet_owner as driving
from lab.widgets.fleet_owner import INTERVAL_S, SPEEDUP, FleetOwner, OwnFleet
from lab.widgets.fleet_snapshot import LISTED, FleetComposer
from lab.widgets.panels import fleet_panel
from lab.widgets.panels.fleet_panel import FleetPanel
from lab.widgets.poller import NOTHING_YET, Sample
from tests.support.nowhere import nowhere as addresses_of_nothing
from tests.support.waiting import until

NAMES = Names()
NOW = 1_900_000_000.0
PATIENCE_S = 20.0


@dataclass(eq=False)
class Stand:
    """A fleet without a network."""

    running: bool = True
    names: list[str] = field(default_factory=lambda: ["g1", "g2"])
    connected: bool = True
    done: list[str] = field(default_factory=list)

    def stop(self, drain: float = 15.0) -> bool:
        self.running = False
        self.done.append(f"stop {drain:.0f}")
        return True

    def snapshot(self) -> list[GeneratorView]:
        return [seen(name, connected=self.connected) for name in self.names]

    def cut(self, name: str) -> None:
        self.done.append(f"cut {name}")

    def restore(self, name: str) -> None:
        self.done.append(f"restore {name}")


class Maker:
    """Makes the panel's own fleets; `trouble` is what keeps it from that."""

    def __init__(self, trouble: LearnerError | None = None) -> None:
        self.made: list[Any] = []
        self.trouble = trouble

    def __call__(self) -> Any:
        if self.trouble is not None:
            raise self.trouble
        self.made.append(Stand())
        return self.made[-1]


def seen(name: str, **changes: Any) -> GeneratorView:
    plain: dict[str, Any] = {
        "lat": 10.0,
        "lon": 20.0,
        "load": 42.0,
        "demand": 42.0,
        "power": 42.0,
        "temperature": 66.0,
        "fuel": 900.0,
        "running": True,
        "connected": True,
        "cut": False,
        "published": 1,
        "acknowledged": 1,
        "latency_ms": None,
    }
    return GeneratorView(name, **{**plain, **changes})


def composed(views: list[GeneratorView], followed: str = "", **samples: Sample) -> dict[str, Any]:
    composer = FleetComposer(NAMES)
    composer.followed = followed
    nothing = dict.fromkeys(("fleet", "proxy", "readings", "alarms", "statuses", "influxd"), NOTHING_YET)
    return composer.compose(views, {**nothing, **samples}, NOW)


def ask(panel: FleetPanel, command: str, generator: str) -> None:
    assert panel.on_command is not None
    panel.on_command(command, {"id": generator})


def only_running(*fleets: Any) -> list[Any]:
    return [fleet for fleet in fleets if fleet.running]


def test_a_given_fleet_replaces_the_panels_own_which_is_handed_back_to_be_stopped() -> None:
    make, mine = Maker(), Stand()
    driven = FleetOwner(make)
    assert driven.take(None) is None
    assert driven.take(mine) is make.made[0]  # type: ignore[arg-type]
    assert driven.fleet is mine
    assert driven.take(None) is None
    assert (driven.fleet, len(make.made)) == (mine, 1)


def test_a_given_fleet_that_was_stopped_makes_room_for_one_of_the_panels_own() -> None:
    make, mine = Maker(), Stand()
    driven = FleetOwner(make)
    driven.take(mine)  # type: ignore[arg-type]
    assert make.made == []
    mine.stop()
    driven.take(None)
    assert [driven.fleet] == make.made


def test_the_end_stops_the_panels_own_fleet_and_no_other() -> None:
    make, mine = Maker(), Stand()
    driven = FleetOwner(make)
    driven.take(None)
    driven.end()
    assert only_running(*make.made) == []
    with pytest.raises(LearnerError):
        driven.begin()
    driven.take(mine)  # type: ignore[arg-type]
    driven.end()
    assert mine.running


def test_a_fleet_begins_once_the_stack_is_there() -> None:
    make = Maker(LearnerError("The services are not running.", "Start them."))
    driven = FleetOwner(make)
    driven.take(None)
    assert driven.fleet is None
    make.trouble = None
    assert driven.begin() is driven.begin() is make.made[0]


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No stack runs here, and no fleet was shown before."""
    monkeypatch.setenv("LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(fleet_panel, "_owner", FleetOwner())
    settings.cache_clear()
    yield
    widgets.stop()
    settings.cache_clear()


@pytest.fixture
def make(nowhere: None, monkeypatch: pytest.MonkeyPatch) -> Maker:
    """What makes the panel's own fleets here."""
    make = Maker()
    monkeypatch.setattr(fleet_panel, "_owner", FleetOwner(make))
    return make


def test_without_a_stack_the_panel_opens_and_says_how_to_start_one(nowhere: None) -> None:
    panel = widgets.fleet_panel()
    until(lambda: panel.snapshot.get("down"), PATIENCE_S)
    assert panel.snapshot["down"] == {
        "cause": "The services are not running: there is no stack.json.",
        "remedy": "Start them with ./workshop up.",
    }
    assert panel.snapshot["generators"] == []


def test_the_panel_stops_its_own_fleet_when_another_is_given_and_says_so(make: Maker) -> None:
    panel, mine = widgets.fleet_panel(), Stand()
    assert panel.fleet is make.made[0]
    assert widgets.fleet_panel(mine) is panel  # type: ignore[arg-type]
    until(lambda: panel.notice.get("level") == "done", PATIENCE_S)
    assert "its own has stopped" in panel.notice["text"]
    assert only_running(mine, *make.made) == [mine]


def test_stopping_the_widgets_leaves_no_fleet_behind_for_the_next_panel_to_fight_with(make: Maker) -> None:
    widgets.fleet_panel()
    widgets.stop()
    assert only_running(*make.made) == []
    panel = widgets.fleet_panel()
    assert [panel.fleet] == only_running(*make.made)


def test_a_learners_fleet_outlives_the_widgets_and_is_found_again(make: Maker) -> None:
    mine = Stand()
    widgets.fleet_panel(mine)  # type: ignore[arg-type]
    widgets.stop()
    assert widgets.fleet_panel().fleet is mine  # type: ignore[comparison-overlap]
    assert make.made == []


def test_a_fleet_that_does_not_run_is_said_to_with_what_to_do(make: Maker) -> None:
    mine = Stand()
    panel = widgets.fleet_panel(mine)  # type: ignore[arg-type]
    mine.stop()
    until(lambda: "not running" in panel.snapshot.get("down", {}).get("cause", ""), PATIENCE_S)
    assert "fleet_panel()" in panel.snapshot["down"]["remedy"]


@pytest.mark.parametrize(
    ("connected", "command", "said"),
    [
        (True, "cut", "g1 lost its network without a goodbye: the proxy publishes its last will, offline."),
        (False, "cut", "g1 had no connection, and makes none until you restore it."),
        (False, "restore", "g1 may connect again; once it is connected, what it kept follows."),
    ],
)
def test_what_a_command_says_it_did_is_what_it_did(make: Maker, connected: bool, command: str, said: str) -> None:
    mine = Stand(connected=connected)
    panel = widgets.fleet_panel(mine)  # type: ignore[arg-type]
    ask(panel, command, "g1")
    until(lambda: panel.notice.get("level") == "done", PATIENCE_S)
    assert (panel.notice["text"], mine.done) == (said, [f"{command} g1"])


def test_only_a_generator_of_the_fleet_is_followed(make: Maker) -> None:
    panel = widgets.fleet_panel(Stand())  # type: ignore[arg-type]
    ask(panel, "follow", "g7")
    assert panel.notice["text"] == "There is no generator 'g7' in this fleet."
    assert panel.notice["remedy"] == "Choose among g1, g2."
    ask(panel, "follow", "g2")
    until(lambda: panel.snapshot.get("followed") == "g2", PATIENCE_S)


def test_the_panels_own_fleet_runs_in_one_notebook_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving, "stack_file", lambda: tmp_path / "stack.json")
    first, second = OwnFleet(addresses_of_nothing(), generators=1), OwnFleet(addresses_of_nothing(), generators=1)
    with first:
        assert first.start().running
        with pytest.raises(LearnerError, match="another notebook"):
            second.start()
        assert not second.running
    with second:
        assert second.running


def test_the_panels_own_fleet_follows_a_slider_within_seconds() -> None:
    generator = Generator("generator1", 0, seed=0)
    generator.set_load(100.0)
    before = generator.engine.load
    for _ in range(10):
        generator.take(0, INTERVAL_S * SPEEDUP)
    assert generator.engine.load - before > 0.6 * (100.0 - before)


def test_the_load_and_what_was_asked_for_are_told_apart() -> None:
    snapshot = composed([seen("g1", load=41.6, demand=95.0)])
    assert (snapshot["generators"][0]["load"], snapshot["generators"][0]["demand"]) == (41.6, 95)
    assert "g1: load 42 percent, asked for 95 percent, fuel 900 litres, connected." in snapshot["words"]


def test_a_device_that_was_cut_is_told_from_one_that_finds_no_proxy() -> None:
    views = [seen("g1", connected=False, cut=True), seen("g2", connected=False)]
    proxy = Sample({}, "proxy does not answer: refused", "It may be starting.")
    snapshot = composed(views, proxy=proxy)
    assert [(row["alarm"], row["cut"]) for row in snapshot["generators"]] == [("offline", True), ("offline", False)]
    assert snapshot["down"] == {"cause": proxy.cause, "remedy": proxy.remedy}
    assert [word.rpartition(", ")[2] for word in snapshot["words"][1:3]] == ["cut.", "no connection."]


def test_a_buckets_value_of_the_one_followed_before_is_not_shown_under_another_name() -> None:
    rows = {NAMES.raw_bucket: {"load": "55.0", "time": "2030-03-17T17:46:36Z"}}
    influxd = Sample({"followed": "g1", "follow": rows}, at=NOW)
    shown = {
        followed: next(hop["load"] for hop in composed(views, followed, influxd=influxd)["hops"] if "raw" in hop["hop"])
        for views in ([seen("g1"), seen("g2")],)
        for followed in ("g1", "g2")
    }
    assert shown == {"g1": 55.0, "g2": None}


def test_a_fleet_larger_than_the_table_says_which_are_listed_of_how_many() -> None:
    views = [seen(f"g{n}", fuel=100.0 if n == 700 else 900.0, connected=n != 701) for n in range(1000)]
    snapshot = composed(views, "g900")
    assert [row["id"] for row in snapshot["generators"][:3]] == ["g900", "g700", "g701"]
    assert snapshot["dots"][0][0] == "g900"
    assert snapshot["counts"] == {"ok": 998, "refuel": 1, "offline": 1}
    assert snapshot["words"][0] == "1,000 generators: 998 with fuel, 1 in need of fuel, 1 offline."
    assert snapshot["words"][1] == snapshot["more"]
    assert snapshot["more"].startswith("40 of 1,000 generators are listed: the followed one, then those offline")


def test_a_fleet_that_is_listed_whole_says_nothing_of_others() -> None:
    assert composed([seen(f"g{n}") for n in range(LISTED)])["more"] == ""
