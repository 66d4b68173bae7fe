"""The task form's commands on a real InfluxDB: each is given as the browser gives it and seen where it must arrive."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab import widgets
from lab.base.addresses import Addresses
from lab.influx import buckets, tasks
from lab.influx.api import Influx
from lab.widgets.panels.task_form import RUNS, TaskForm
from tests.support.waiting import until

AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
"""A past time that no schedule of these tests comes near."""


@dataclass
class Form:
    """The form as a learner has it, and the InfluxDB behind it."""

    panel: TaskForm
    influx: Influx
    fields: dict[str, Any]

    def send(self, command: str, **arguments: Any) -> dict[str, Any]:
        """One command, and the notice that came of it."""
        before = self.panel.notice.get("number")
        self.panel._received(None, {"command": command, "arguments": arguments}, [])
        until(lambda: self.panel.notice.get("number") != before and self.panel.notice["level"] != "busy")
        return dict(self.panel.notice)

    def save(self, **changes: Any) -> dict[str, Any]:
        self.fields |= changes
        return self.send("save", **self.fields)

    def check(self, number: int, **changes: Any) -> list[dict[str, Any]]:
        """The errors that the form shows for its text with these changes."""
        arguments = {**self.fields, **changes, "number": number}
        self.panel._received(None, {"command": "check", "arguments": arguments}, [])
        until(lambda: self.panel.analysis.get("checked") == number)
        return list(self.panel.analysis["errors"])

    def task(self) -> dict[str, Any]:
        """The task as InfluxDB has it."""
        about = {"org": self.influx.org, "name": self.fields["name"]}
        (found,) = self.influx.json("GET", "/api/v2/tasks", params=about)["tasks"]
        return dict(found)

    def scheduled(self) -> list[str]:
        """The scheduled times of the task's finished runs, as InfluxDB has them."""
        task = tasks.require(self.influx, self.fields["name"])
        return [run.scheduled_for for run in tasks.runs(self.influx, task) if run.finished]

    def shown_fields(self) -> dict[str, str]:
        """The saved task's fields as the form shows them."""
        return dict((self.panel.snapshot["task"] or {}).get("fields", {}))

    def shown(self) -> dict[str, dict[str, Any]]:
        """The runs in the form's table, by their scheduled time."""
        return {run["scheduled"]: run for run in self.panel.snapshot.get("runs", [])}


@pytest.fixture
def form(stack: Addresses) -> Iterator[Form]:
    name = f"t{uuid.uuid4().hex[:8]}"
    with Influx(stack) as influx:
        buckets.ensure(influx, name)
        flux = f'from(bucket: "{name}")\n    |> range(start: -1m)\n'
        panel = widgets.task_form()
        panel._received(None, {"command": "look", "arguments": {"name": name}}, [])
        until(lambda: panel.snapshot.get("name") == name and "task" in panel.snapshot)
        held = Form(panel, influx, {"name": name, "kind": "every", "every": "12h", "offset": "2s", "flux": flux})
        yield held
        widgets.stop()
        tasks.remove(influx, held.fields["name"])
        buckets.remove(influx, name)


def stamp(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"


def test_a_task_is_created_updated_and_given_a_cron_line(form: Form) -> None:
    assert "created" in form.save()["text"]
    made = form.task()
    assert (made["every"], made["offset"], made["status"]) == ("12h", "2s", "active")
    assert "updated" in form.save(every="6h", offset="")["text"]
    assert (form.task()["every"], form.task().get("offset", "")) == ("6h", "")
    assert "updated" in form.save(kind="cron", cron="0 3 * * *")["text"]
    changed = form.task()
    assert (changed["id"], changed["cron"], changed.get("every", "")) == (made["id"], "0 3 * * *", "")
    until(lambda: form.shown_fields().get("cron") == "0 3 * * *")
    assert form.panel.snapshot["task"]["flux"] == form.fields["flux"]


def test_a_text_from_another_editor_is_saved(form: Form) -> None:
    """With the mark of its encoding, the lines of Windows, a package clause and an import first."""
    flux = f'\ufeffpackage main\r\n\r\nimport "date"\r\n\r\n{form.fields["flux"]}'
    assert form.check(1, flux=flux) == []
    refused = form.save(flux=flux, every="1\u00b5s")
    assert (refused["level"], "no duration" in refused["text"]) == ("trouble", False), refused
    assert "second" in refused["text"] + refused["remedy"], refused
    assert form.save(every="12h")["level"] == "done"
    until(lambda: (form.panel.snapshot["task"] or {}).get("flux") == flux.removeprefix("\ufeff"))


@pytest.mark.parametrize("part", ["a}b", 'say "hi"', "back\\slash", "${x}", "two\nlines"])
def test_any_name_arrives_as_it_was_written(form: Form, part: str) -> None:
    name = f"{form.fields['name']} {part}"
    assert form.save(name=name)["level"] == "done"
    assert form.task()["name"] == name
    until(lambda: form.panel.snapshot["name"] == name and form.panel.snapshot["task"])
    assert form.panel.snapshot["task"]["fields"]["every"] == "12h"
    assert form.panel.snapshot["task"]["flux"] == form.fields["flux"]


def test_a_run_now_one_for_a_past_time_and_one_again_are_seen_with_their_logs(form: Form) -> None:
    form.save()
    assert "for now" in form.send("run")["text"]
    until(lambda: len(form.scheduled()) == 1)
    assert form.send("run_for", when=f"{AGO:%Y-%m-%dT%H:%M:%S}")["level"] == "done"
    until(lambda: stamp(AGO) in form.scheduled())
    until(lambda: form.shown().get(stamp(AGO), {}).get("status") == "success" and form.panel.snapshot["log"])
    first = form.shown()[stamp(AGO)]["id"]
    assert "again" in form.send("retry", run=first)["text"]
    until(lambda: form.scheduled().count(stamp(AGO)) == 2)
    until(lambda: form.panel.snapshot["run"] not in ("", first) and form.panel.snapshot["log"])
    again = form.panel.snapshot["run"]
    assert {first, again} <= {run["id"] for run in form.panel.snapshot["runs"]}


def test_a_run_for_a_past_time_stays_in_sight_behind_many_later_ones(form: Form) -> None:
    form.save()
    form.send("run_for", when=f"{AGO:%Y-%m-%dT%H:%M:%S}")
    until(lambda: form.shown().get(stamp(AGO), {}).get("status") == "success")
    task = tasks.require(form.influx, form.fields["name"])
    for minute in range(1, RUNS + 2):
        tasks.wait(form.influx, tasks.run_for(form.influx, task, AGO + timedelta(minutes=minute)))
    until(lambda: len(form.shown()) > RUNS)
    backfill = form.shown()[stamp(AGO)]
    listed = form.influx.json("GET", f"/api/v2/tasks/{task.id}/runs", params={"limit": RUNS})["runs"]
    assert backfill["id"] not in {run["id"] for run in listed}
    form.panel._received(None, {"command": "look", "arguments": {"run": backfill["id"]}}, [])
    until(lambda: form.panel.snapshot["run"] == backfill["id"] and form.panel.snapshot["log"])


def test_no_time_and_a_time_to_come_queue_nothing(form: Form) -> None:
    form.save()
    assert form.send("run_for", when="")["text"] == "No past time is set."
    assert "not past" in form.send("run_for", when="2999-01-01T00:00:00")["text"]
    assert form.scheduled() == []


def test_a_task_is_disabled_and_enabled(form: Form) -> None:
    form.save()
    for active, status in ((False, "inactive"), (True, "active")):
        assert form.send("enable", active=active)["level"] == "done"
        assert form.task()["status"] == status
        until(lambda active=active: (form.panel.snapshot["task"] or {}).get("active") is active)  # type: ignore[misc]


@pytest.mark.parametrize("imports", ["", 'import "date"\nimport "math"\n\n'])
def test_an_error_is_told_where_it_is_with_imports_and_without(form: Form, imports: str) -> None:
    numbers, lines = itertools.count(1), imports.count("\n")
    good = imports + form.fields["flux"]
    assert form.check(next(numbers), flux=good) == []
    unknown = form.check(next(numbers), flux=f"{good}    |> rnge()\n")
    assert [error["line"] for error in unknown] == [lines + 3]
    grammar = form.check(next(numbers), flux=f"{good}    |> range(start: \n")
    assert lines + 3 in {error["line"] for error in grammar}
    schedule = form.check(next(numbers), flux=f"{good}    |> rnge()\n", every="10 seconds")
    assert [error["line"] for error in schedule] == [0, lines + 3]
    assert "Every is 10 seconds, which is no duration" in schedule[0]["message"]
    mixed = form.check(next(numbers), flux=f"{good}\nx = 10 seconds\n")
    assert {error["line"] for error in mixed} == {lines + 4}
    refused = form.save(flux=f"{good}    |> rnge()\n")
    assert refused["text"] == "The task was not saved: InfluxDB found 1 error."
    assert tasks.find(form.influx, form.fields["name"]) is None
