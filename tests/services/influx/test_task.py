"""The downsampling task on a real InfluxDB: new data, late data, silent generators, odd readings, backfill.

Every run is asked for by hand for a chosen time, in buckets of its own, so nothing waits for a schedule.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from lab.base.addresses import Addresses
from lab.base.errors import LearnerError
from lab.base.names import Names
from lab.commands import cli
from lab.influx import buckets, tasks
from lab.influx.api import Influx, InfluxError, from_micros, instant, to_micros
from lab.influx.flux import Downsample, downsample_script, downsampled_rows
from lab.influx.literal import quoted
from lab.influx.rules import MICROS, Downsampled, downsample
from lab.influx.types import problems, wrong_types
from lab.learn import flux_magic
from lab.widgets.sources.http import Buckets

HOUR_AGO = int(datetime.now(UTC).timestamp()) // 60 * 60 - 3600
"""Seconds since the epoch of the first slot: far enough back that the schedule never touches it."""


@dataclass
class Pair:
    """Two buckets, the task between them, and the readings that were written."""

    influx: Influx
    names: Names
    task: tasks.Task

    def write(self, *readings: tuple[str, float, float]) -> None:
        """Complete readings: generator, seconds after HOUR_AGO, fuel."""
        self.lines(
            *(
                f"genData,generatorID={name} fuel={fuel},lat=1.5,lon=10.5,load=50.0,power=50.0,temperature=70.0,seq=1i"
                f" {_micros(second)}"
                for name, second, fuel in readings
            )
        )

    def lines(self, *lines: str) -> None:
        self.influx.write(self.names.raw_bucket, lines)

    def run(self, second: float) -> tasks.Run:
        """Run the task as if it were this many seconds after HOUR_AGO."""
        queued = tasks.run_for(self.influx, self.task, from_micros(_micros(second)))
        done = tasks.wait(self.influx, queued, 60.0)
        assert done.status == "success", tasks.logs(self.influx, self.task, done)
        return done

    def rows(self) -> set[Downsampled]:
        found = self.influx.query(downsampled_rows(self.names, _micros(0), _micros(3600)))
        return {Downsampled(row["generatorID"], to_micros(row["_time"]), row["_value"]) for row in found}

    def columns(self, field: str) -> list[dict[str, str]]:
        """Rows of one downsampled field with their tags."""
        return self.influx.query(f"""from(bucket: "{self.names.downsampled_bucket}") |> range(start: 0)
            |> filter(fn: (r) => r._field == "{field}")""")


def _micros(second: float) -> int:
    return int((HOUR_AGO + second) * MICROS)


@pytest.fixture(scope="session")
def influx(stack: Addresses) -> Iterator[Influx]:
    with Influx(stack) as client:
        yield client


@pytest.fixture
def pair(influx: Influx) -> Iterator[Pair]:
    names = Names(f"t{uuid.uuid4().hex[:8]}-")
    buckets.ensure(influx, names.raw_bucket)
    buckets.ensure(influx, names.downsampled_bucket)
    task = tasks.ensure(influx, names.task, downsample_script(Downsample(names)))
    yield Pair(influx, names, task)
    tasks.remove(influx, names.task)
    buckets.remove(influx, names.raw_bucket)
    buckets.remove(influx, names.downsampled_bucket)


def test_the_last_reading_of_each_generator_and_slot_gets_alarm_and_region(pair: Pair) -> None:
    readings = [("a", 1.0, 700.0), ("a", 9.5, 499.9), ("b", 3.25, 500.0), ("a", 12.0, 480.0)]
    pair.write(*readings)
    pair.run(20)
    assert pair.rows() == downsample([(n, _micros(s), f) for n, s, f in readings], 10)
    assert {row["region"] for row in pair.columns("alarm")} == {"emea"}
    fields = {
        row["_field"]
        for row in pair.influx.query(f"""from(bucket: "{pair.names.downsampled_bucket}")
        |> range(start: 0) |> keep(columns: ["_field"]) |> group() |> distinct(column: "_field")
        |> rename(columns: {{_value: "_field"}})""")
    }
    assert fields == {"alarm", "fuel", "lat", "load", "lon", "power", "temperature"}


def test_running_again_changes_nothing(pair: Pair) -> None:
    pair.write(("a", 1.0, 700.0), ("a", 11.0, 400.0))
    pair.run(20)
    once = pair.rows()
    pair.run(20)
    pair.run(30)
    assert pair.rows() == once


def test_a_slot_that_is_still_open_is_left_alone(pair: Pair) -> None:
    pair.write(("a", 1.0, 700.0), ("a", 11.0, 400.0))
    pair.run(17)
    assert pair.rows() == {Downsampled("a", _micros(1.0), "ok")}


def test_a_silent_generator_gets_no_row_and_does_not_hold_up_others(pair: Pair) -> None:
    pair.write(("silent", 1.0, 700.0), ("a", 1.0, 700.0))
    pair.run(10)
    pair.write(("a", 11.0, 700.0), ("a", 21.0, 700.0))
    pair.run(30)
    assert {row.time for row in pair.rows() if row.generator == "silent"} == {_micros(1.0)}
    assert len([row for row in pair.rows() if row.generator == "a"]) == 3


def test_late_readings_within_the_look_back_are_taken_in_by_the_next_run(pair: Pair) -> None:
    pair.write(("a", 1.0, 700.0), ("b", 51.0, 700.0))
    pair.run(60)
    pair.write(("late", 2.0, 450.0), ("a", 8.0, 450.0))
    pair.run(60)
    assert pair.rows() >= {Downsampled("late", _micros(2.0), "refuel"), Downsampled("a", _micros(8.0), "refuel")}


def test_later_than_the_look_back_needs_a_run_for_that_time(pair: Pair) -> None:
    pair.write(("a", 1.0, 450.0))
    pair.run(80)
    assert pair.rows() == set()
    for run in tasks.backfill(pair.influx, pair.task, from_micros(_micros(0)), from_micros(_micros(80)), 60):
        assert tasks.wait(pair.influx, run, 60.0).status == "success"
    assert pair.rows() == {Downsampled("a", _micros(1.0), "refuel")}


def test_an_empty_window_is_a_successful_run(pair: Pair) -> None:
    pair.run(60)
    assert pair.rows() == set()


def test_readings_with_missing_fields_break_neither_the_run_nor_others(pair: Pair) -> None:
    pair.write(("whole", 1.0, 700.0))
    pair.lines(
        f"genData,generatorID=nofuel lon=1.0,lat=1.0 {_micros(2)}",
        f"genData,generatorID=onlyfuel fuel=499.0 {_micros(3)}",
        f"genData,generatorID=west fuel=600.0,lon=-99.0 {_micros(4)}",
    )
    pair.run(10)
    assert pair.rows() == {
        Downsampled("whole", _micros(1.0), "ok"),
        Downsampled("onlyfuel", _micros(3.0), "refuel"),
        Downsampled("west", _micros(4.0), "ok"),
    }
    assert {row["generatorID"]: row["region"] for row in pair.columns("alarm")} == {
        "whole": "emea",
        "onlyfuel": "unknown",
        "west": "americas",
    }


def test_a_slot_in_which_nobody_sends_a_field_is_written_without_it(pair: Pair) -> None:
    pair.lines(f"genData,generatorID=a fuel=499.0 {_micros(3)}")
    pair.run(10)
    assert pair.rows() == {Downsampled("a", _micros(3.0), "refuel")}
    assert pair.columns("power") == []


def test_a_thousand_generators_and_a_full_look_back_are_one_run(pair: Pair) -> None:
    readings = [(f"g{number}", second + number / 1000, 700.0) for number in range(1000) for second in range(0, 60, 1)]
    pair.write(*readings)
    done = pair.run(60)
    assert len(pair.rows()) == 6000
    assert done.seconds < 30  # 0.9 s on two idle cores; what is held here is that it ends


def test_a_task_is_updated_by_name_switched_off_and_on_and_removed(pair: Pair) -> None:
    script = downsample_script(Downsample(pair.names, every=30, offset=5))
    changed = tasks.ensure(pair.influx, pair.names.task, script)
    assert (changed.id, changed.every, changed.offset) == (pair.task.id, "30s", "5s")
    assert tasks.ensure(pair.influx, pair.names.task, script) == changed
    assert not tasks.set_active(pair.influx, changed, active=False).active
    assert tasks.ensure(pair.influx, pair.names.task, script).active
    assert tasks.remove(pair.influx, pair.names.task)
    assert not tasks.remove(pair.influx, pair.names.task)
    with pytest.raises(LearnerError, match="no task"):
        tasks.require(pair.influx, pair.names.task)


def test_a_script_that_cannot_be_parsed_is_refused_in_the_compilers_words(influx: Influx) -> None:
    with pytest.raises(InfluxError, match="expected RPAREN"):
        tasks.ensure(influx, "wrong", 'option task = {name: "wrong", every: 10s}\nfrom(bucket: "x" |> |>')
    assert tasks.find(influx, "wrong") is None


def test_an_unknown_name_in_a_script_shows_at_its_first_run_only(influx: Influx) -> None:
    name = f"t{uuid.uuid4().hex[:8]}"
    task = tasks.ensure(influx, name, f'option task = {{name: "{name}", every: 1h}}\nnonsense |> yield()')
    failed = tasks.wait(influx, tasks.run_for(influx, task), 60.0)
    assert failed.status == "failed"
    assert any("undefined identifier" in line for line in tasks.logs(influx, task, failed))
    assert tasks.remove(influx, name)


def test_a_failed_run_says_why_and_runs_again_when_retried(pair: Pair) -> None:
    pair.write(("a", 1.0, 450.0))
    tasks.quiet(pair.influx, pair.task)
    buckets.remove(pair.influx, pair.names.downsampled_bucket)
    tasks.set_active(pair.influx, pair.task, active=True)
    queued = tasks.run_for(pair.influx, pair.task, from_micros(_micros(10)))
    failed = tasks.wait(pair.influx, queued, 60.0)
    assert failed.status == "failed"
    assert any("could not find bucket" in line or "not found" in line for line in tasks.logs(pair.influx, pair.task))
    buckets.ensure(pair.influx, pair.names.downsampled_bucket)
    assert tasks.wait(pair.influx, tasks.retry(pair.influx, failed), 60.0).status == "success"
    assert pair.rows() == {Downsampled("a", _micros(1.0), "refuel")}
    assert failed.id in {run.id for run in tasks.runs(pair.influx, pair.task)}


def test_buckets_are_made_once_counted_emptied_and_removed(influx: Influx) -> None:
    name = f"t{uuid.uuid4().hex[:8]}"
    assert buckets.find(influx, name) is None
    assert buckets.ensure(influx, name) == buckets.ensure(influx, name)
    influx.write(name, (f"genData,generatorID=g fuel=1.0 {_micros(tenth / 10)}" for tenth in range(7001)))
    assert buckets.count(influx, name) == 7001
    assert buckets.count(influx, name, _micros(700)) == 1
    influx.delete(name, from_micros(_micros(0)), from_micros(_micros(0)) + timedelta(seconds=0.05))
    assert buckets.count(influx, name) == 7000
    buckets.empty(influx, name)
    assert buckets.count(influx, name) == 0
    assert buckets.remove(influx, name)
    assert not buckets.remove(influx, name)
    with pytest.raises(LearnerError, match="no bucket"):
        buckets.empty(influx, name)


def test_whole_numbers_and_series_of_other_types_do_not_end_the_run(pair: Pair) -> None:
    """One hand-made reading once fixed `power` as an integer, and every run failed with a schema collision."""
    pair.lines(
        f"genData,generatorID=hand fuel=400i,power=7i,lat=1i,load=5u {_micros(1)}",
        f'genData,generatorID=hand lon="east",temperature=true {_micros(1)}',
    )
    pair.run(10)
    assert pair.rows() == {Downsampled("hand", _micros(1), "refuel")}
    assert {row["_value"] for row in pair.columns("power")} == {"7"}


def test_a_field_of_a_wrong_type_is_named_with_its_cure(
    pair: Pair, stack: Addresses, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pair.influx.write(pair.names.downsampled_bucket, [f"genData,id=b fuel=1.5,seq=1i,extra=1i {_micros(2)}"])
    assert wrong_types(pair.influx, pair.names.downsampled_bucket) == []
    pair.lines(f"genData,generatorID=hand fuel=400.0,power=7i {_micros(1)}")
    [wrong] = wrong_types(pair.influx, pair.names.raw_bucket)
    assert (wrong.field, wrong.found, wrong.wanted) == ("power", "integer", "float")
    assert "power" in wrong.cause
    assert "./workshop reset influxd" in wrong.remedy
    of_pair = stack.model_copy(update={"namespace": pair.names.namespace})
    assert [one.field for one in problems(of_pair)] == ["power"]

    source = Buckets()
    source.open(of_pair)
    with closing(source):
        seen = source.sample()["wrong"]
    assert [one["field"] for one in seen[pair.names.raw_bucket]] == ["power"]

    monkeypatch.setattr("lab.base.addresses.load", lambda *_: of_pair)
    cli.main(["status"])
    assert f"{wrong.cause}\n{wrong.remedy}\n" in capsys.readouterr().out
    cli.main(["status", "--json"])
    told = {row["name"]: row["problems"] for row in json.loads(capsys.readouterr().out)}
    assert (told["influxd"], told["proxy"]) == ([wrong.cause], [])


def test_a_wrong_type_of_an_hour_that_is_over_is_no_problem(influx: Influx) -> None:
    """Each shard group fixes the types again: what counts is the newest point."""
    name = f"t{uuid.uuid4().hex[:8]}"
    hourly = [{"type": "expire", "everySeconds": 0, "shardGroupDurationSeconds": 3600}]
    influx.json("POST", "/api/v2/buckets", json={"orgID": influx.org_id, "name": name, "retentionRules": hourly})
    try:
        influx.write(name, [f"genData,generatorID=old power=3i {_micros(-7200)}"])
        assert [one.field for one in wrong_types(influx, name)] == ["power"]
        influx.write(name, [f"genData,generatorID=new power=3.5 {_micros(0)}"])
        assert wrong_types(influx, name) == []
    finally:
        buckets.remove(influx, name)


def test_two_tasks_of_one_name_are_set_right_and_removed_together(pair: Pair) -> None:
    """InfluxDB allows it; the one that was not found went on writing."""
    influx, name = pair.influx, pair.names.task
    script = downsample_script(Downsample(pair.names))
    body = {"org": influx.org, "flux": script, "status": "active"}
    for _ in range(2):
        influx.json("POST", "/api/v2/tasks", json=body)
    assert len(tasks.find_all(influx, name)) == 3
    kept = tasks.ensure(influx, name, script)
    assert [task.id for task in tasks.find_all(influx, name)] == [kept.id]
    influx.json("POST", "/api/v2/tasks", json=body)
    assert tasks.remove(influx, name)
    assert tasks.find_all(influx, name) == []


@pytest.mark.parametrize("reader", ["Influx.query", "%%flux"])
def test_any_text_comes_back_from_influxdb_as_it_was_written(pair: Pair, stack: Addresses, reader: str) -> None:
    texts = [
        "\u2028",
        "\u2029",
        "\x85",
        "\x1c\x1d\x1e",
        "\x0b\x0c",
        "p\nq",
        "\n\n",
        'say "x", y',
        "",
        " ",
        "a\\b",
        "${x}",
        "💧",
        "\x00",
    ]
    escaped = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    pair.lines(*(f'texts text="{text}" {_micros(i)}' for i, text in enumerate(escaped)))
    query = f"""from(bucket: {quoted(pair.names.raw_bucket)}) |> range(start: {instant(from_micros(_micros(0)))})
        |> filter(fn: (r) => r._measurement == "texts") |> sort(columns: ["_time"])"""
    rows = pair.influx.query(query) if reader == "Influx.query" else flux_magic.run(query).rows
    # The official client, behind %%flux, gives None for an empty text: CSV has one form for both.
    assert [row["_value"] or "" for row in rows] == texts
    wanted = query + f" |> filter(fn: (r) => r._value == {quoted(texts[5])})"
    assert [row["_value"] for row in pair.influx.query(wanted)] == [texts[5]]
