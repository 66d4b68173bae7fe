"""The task form's Python side without services: which runs are listed, times, verdicts, and the unsaved text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lab import widgets
from lab.base.errors import LearnerError
from lab.base.settings import settings
from lab.influx.api import NOT_FOUND, InfluxError
from lab.widgets.panels import task_form
from lab.widgets.panels.task_form import KEPT, RUNS, TaskForm, TaskSource, past, receive
from tests.support.nowhere import nowhere
from tests.support.waiting import until

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Influxd:
    """Tasks and runs as influxd 2.9.1 lists them: latest scheduled time first, and no more than `limit`."""

    org = "workshop"

    def __init__(self, *runs: dict[str, Any]) -> None:
        self.runs = list(runs)
        self.asked: list[str] = []

    def json(self, _method: str, path: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        self.asked.append(path)
        if path == "/api/v2/tasks":
            return {"tasks": [{"id": "t", "name": "n", "status": "active", "flux": ""}]}
        if path.endswith("/runs"):
            newest = sorted(self.runs, key=lambda run: run["scheduledFor"], reverse=True)
            return {"runs": newest[: (params or {})["limit"]]}
        if path.endswith("/logs"):
            return {"events": [{"message": f"log of {path.split('/')[-2]}"}]}
        for run in self.runs:
            if path == f"/api/v2/tasks/{run['taskID']}/runs/{run['id']}":
                return run
        raise InfluxError(path, NOT_FOUND, "run not found")


def run(name: str, minute: int, status: str = "success", task: str = "t") -> dict[str, Any]:
    return {"id": name, "taskID": task, "status": status, "scheduledFor": f"2026-03-01T12:{minute:02}:00Z"}


def newer() -> list[dict[str, Any]]:
    """As many later runs as are listed."""
    return [run(f"later{n}", 10 + n) for n in range(RUNS)]


def source_of(influx: Influxd) -> TaskSource:
    source = TaskSource("n")
    source._influx = influx  # type: ignore[assignment]
    return source


def ids(sample: dict[str, Any]) -> set[str]:
    return {one["id"] for one in sample["runs"]}


def test_a_run_for_a_past_time_stays_listed_and_its_log_is_read() -> None:
    influx = Influxd(run("backfill", 1), *newer())
    source = source_of(influx)
    source.follow("backfill")
    assert "backfill" in ids(source.sample())
    assert source.sample()["log"] == ["log of backfill"]
    source.run = "later3"
    assert "backfill" in ids(source.sample())


def test_a_chosen_run_stays_while_newer_ones_push_it_off_the_list() -> None:
    influx = Influxd(run("read", 1))
    source = source_of(influx)
    source.run = "read"
    assert source.sample()["run"] == "read"
    influx.runs += newer()
    sample = source.sample()
    assert (sample["run"], sample["log"], len(sample["runs"])) == ("read", ["log of read"], RUNS + 1)


def test_a_finished_run_is_asked_for_once_and_one_under_way_each_time() -> None:
    influx = Influxd(run("done", 1), run("under way", 2, "started"), *newer())
    source = source_of(influx)
    source.follow("done")
    source.follow("under way")
    for _ in range(3):
        source.sample()
    assert influx.asked.count("/api/v2/tasks/t/runs/done") == 1
    assert influx.asked.count("/api/v2/tasks/t/runs/under way") == 3


def test_a_run_that_is_just_being_recorded_stays_as_it_was() -> None:
    influx = Influxd(run("under way", 1, "started"))
    source = source_of(influx)
    source.follow("under way")
    source.sample()
    del influx.runs[0]
    assert "under way" in ids(source.sample())


def test_only_the_newest_wishes_are_kept_and_only_of_this_task() -> None:
    mine = [run(f"mine{n}", n) for n in range(KEPT + 1)]
    influx = Influxd(*mine, run("theirs", 9, task="other"), *newer())
    source = source_of(influx)
    for one in mine:
        source.follow(one["id"])
    assert ids(source.sample()) == {f"mine{n}" for n in range(1, KEPT + 1)} | {f"later{n}" for n in range(RUNS)}
    source.follow("theirs")
    sample = source.sample()
    assert "theirs" not in ids(sample)
    assert (sample["run"], sample["log"]) == ("", [])


@pytest.mark.parametrize("text", ["2026-03-01T11:59:30", "2026-03-01T11:59"])
def test_a_past_time_is_taken_as_utc(text: str) -> None:
    assert past(text, NOON).isoformat().startswith(text)
    assert past(text, NOON).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "No past time is set"), ("noon", "noon is not a time"), ("2026-03-01T12:00:01", "not past")],
)
def test_no_time_no_such_time_and_a_time_to_come_are_told(text: str, said: str) -> None:
    with pytest.raises(LearnerError) as caught:
        past(text, NOON)
    assert said in caught.value.cause
    assert "UTC" in caught.value.remedy


@pytest.fixture
def form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TaskForm]:
    """This kernel's form while InfluxDB is down."""
    token = tmp_path / "token"
    token.write_text("none")
    monkeypatch.setenv("LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(task_form, "load", lambda: nowhere(influx_token_file=token))
    settings.cache_clear()
    yield widgets.task_form()
    widgets.stop()
    settings.cache_clear()


@pytest.mark.parametrize(
    ("flux", "said"),
    [
        ('option task = {name: "x", every: 1m}\nfrom(bucket: "a")', "option task of its own. Remove that line"),
        ('from(bucket: "a")', "did not answer"),
    ],
)
def test_a_check_that_cannot_be_made_is_the_verdict_and_no_notice(form: TaskForm, flux: str, said: str) -> None:
    form.analysis = {"errors": [], "checked": 1}
    receive(form, TaskSource("n"), "check", {"name": "n", "every": "10s", "flux": flux, "number": 2})
    until(lambda: form.analysis["checked"] == 2, 20)
    (error,) = form.analysis["errors"]
    assert error["line"] is None
    assert said in error["message"]
    assert form.notice == {}


def test_an_empty_time_gets_a_message(form: TaskForm) -> None:
    receive(form, TaskSource("n"), "run_for", {"when": ""})
    until(lambda: form.notice.get("level") == "trouble", 20)
    assert form.notice["text"] == "No past time is set."


def test_unsaved_text_is_in_the_form_that_is_made_after_a_stop(form: TaskForm) -> None:
    form.draft = {"name": "n", "flux": "half a thought"}
    widgets.stop()
    again = widgets.task_form()
    until(lambda: again.snapshot.get("name") == "n", 20)
    assert again is not form
    assert again.draft == {"name": "n", "flux": "half a thought"}
    again.draft = {}
