"""The demo's plan: tanks that run low in time, faults one after another within the run."""

from __future__ import annotations

from io import StringIO
from random import Random

import pytest
from rich.console import Console

from lab.demo.metrics import Figures
from lab.demo.plan import SPEEDUP, cut_list, fault_plan, fills
from lab.demo.view import Moment, ledger_table, live_table, plain_line
from lab.fleet import physics
from lab.fleet.generator import Generator
from lab.fleet.views import FleetView
from lab.ledger import Evidence, judge


@pytest.mark.parametrize("seconds", [15, 60, 600])
def test_the_first_tank_falls_below_the_alarm_in_the_first_third_of_the_run(seconds: int) -> None:
    litres = fills(["generator1", "generator2"], seconds)["generator1"]
    generator = Generator("generator1", 0, seed=0, fuel=litres)
    assert generator.engine.fuel > 500
    state = physics.step(generator.engine, seconds / 3 * SPEEDUP, Random(1))
    assert state.fuel < 500


def test_a_fleet_of_one_gets_one_tank() -> None:
    assert list(fills(["generator1"], 60)) == ["generator1"]


@pytest.mark.parametrize("seconds", [20, 60, 600])
def test_faults_do_not_overlap_and_end_before_the_run(seconds: int) -> None:
    plan = fault_plan(seconds)
    ends = [fault.begin + fault.stand for fault in plan]
    assert all(end <= following.begin for end, following in zip(ends, plan[1:], strict=False))
    assert ends[-1] < seconds


def test_at_least_one_device_is_cut() -> None:
    assert cut_list(["a"]) == ["a"]
    assert len(cut_list([str(number) for number in range(100)])) == 10


def test_the_table_takes_its_rates_from_the_frame_before() -> None:
    def moment(elapsed: float, count: int) -> Moment:
        view = FleetView(20, 20, count, count, 0, 0, 0)
        return Moment(elapsed, 60.0, view, Figures(count, 0, count, 0, 0), "", 0, "freeze influxd")

    table = live_table(moment(4.0, 3000), moment(2.0, 1000))
    assert list(table.columns[2].cells)[:2] == ["1,000", "1,000"]
    assert "freeze influxd" in str(table.title)
    assert next(iter(live_table(moment(2.0, 1000), None).columns[2].cells)) == ""
    assert "3,000 acknowledged" in plain_line(moment(4.0, 3000))


def test_table_and_ledger_fit_80_columns_without_a_broken_line() -> None:
    view = FleetView(1000, 1000, 12_345_678, 12_345_678, 12_345, 0, 99)
    hops = Figures(kafka=12_345_678, lag=1_234_567, raw=12_345_678, rows=123_456, alarms=123_456)
    now = Moment(600.0, 600.0, view, hops, "generator1000 at 12:34:56", 1000, "freeze influxd")
    before = Moment(598.0, 600.0, view, Figures(kafka=12_300_000, raw=12_300_000), "", 0, "")
    console = Console(width=80, file=StringIO(), record=True)
    console.print(live_table(now, before))
    table = console.export_text().splitlines()
    assert max(map(len, table)) <= 80
    assert len(table) == 1 + 2 + 7, "\n".join(table)
    console.print(ledger_table(judge(Evidence([], [], [], {}, {}, [], 10))))
    assert len(console.export_text().splitlines()) == 1 + 2 + 9
