"""A run's order, the table of faults, and the report, without services."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.base.errors import LearnerError
from lab.commands import drill
from lab.drill.check import Counts, History, Sample, check
from lab.drill.faults import BY_NAME, PAIRED, TABLE
from lab.drill.plan import pairs, rounds
from lab.drill.report import save


def test_every_fault_comes_once_before_any_comes_again() -> None:
    assert rounds(["a", "b"], 2) == ["a", "b", "a", "b"]


def test_the_same_seed_draws_the_same_pairs_of_different_faults() -> None:
    drawn = pairs(PAIRED, 50, 7)
    assert drawn == pairs(PAIRED, 50, 7) != pairs(PAIRED, 50, 8)
    assert len(set(drawn)) == len(drawn) == 50
    assert all(len(set(one.split("+"))) == 2 for one in drawn)


def test_at_least_twenty_faults_each_with_its_own_name() -> None:
    assert len(TABLE) == len(BY_NAME) >= 20
    assert all("+" not in name for name in BY_NAME)


def test_an_unknown_drill_is_told_what_there_is() -> None:
    with pytest.raises(LearnerError, match="no drill flood") as caught:
        drill.run(["flood"], everything=False, rounds=1, pairs=0, seed=None, rate=1.0, as_json=False, folder=None)
    assert "leader-kill" in caught.value.remedy


def test_without_a_name_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert drill.run([], everything=False, rounds=1, pairs=0, seed=None, rate=1.0, as_json=False, folder=None) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(BY_NAME)


def test_the_report_has_the_table_and_a_plot_and_says_what_was_lost(tmp_path: Path) -> None:
    history = History("two<b>", 1, 10.0, 1, 1.0, 2.0, [Sample(n / 2, n * 5, 0, n * 5, n * 5, n) for n in range(20)])
    verdict = check(history, Counts(95, 95, 3, 0, 0, 0, 0, 0, 0, 0, 0))
    save(tmp_path, [verdict], [history], {"seed": 4})
    told = json.loads((tmp_path / "drill.json").read_text())
    assert told["rounds"][0]["counts"]["lost_kafka"] == 3
    assert "3 lost, 1 of the rounds broke a promise" in told["summary"]
    page = (tmp_path / "drill.html").read_text()
    assert "two&lt;b&gt;, 1" in page
    assert "3 lost at Kafka" in page
    assert page.count("Plotly.newPlot(") >= 1
