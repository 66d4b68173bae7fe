"""The task form's text: the option line, where it goes, and errors back at the learner's own lines."""

from __future__ import annotations

import pytest

from lab.base.errors import LearnerError
from lab.widgets.poller import Sample
from lab.widgets.task_script import (
    NEVER_DEFINED,
    Schedule,
    check_lines,
    compiler_errors,
    editor_line,
    script_of,
    split_script,
)
from lab.widgets.task_snapshot import snapshot_of

EVERY = Schedule("downsample", every="10s", offset="2s")


def test_the_fields_become_the_option_before_the_script() -> None:
    script, added = script_of(EVERY, 'from(bucket: "a")\n')
    assert script == 'option task = {name: "downsample", every: 10s, offset: 2s}\n\nfrom(bucket: "a")\n'
    assert added == (0, 2)


def test_imports_stay_first() -> None:
    script, added = script_of(EVERY, 'import "date"\n\nfrom(bucket: "a")\n')
    assert script.startswith('import "date"\n\noption task = ')
    assert added == (2, 2)


@pytest.mark.parametrize(
    ("head", "rest"),
    [
        ("package main\n", 'from(bucket: "a")\n'),
        ('// a comment\npackage main\n\nimport "date"\nimport s "strings"\n\n', 'from(bucket: "a")\n'),
        ("", '// import nothing\nfrom(bucket: "a")\n'),
        ("", 'packages = 3\nfrom(bucket: "a")\n'),
    ],
)
def test_the_option_follows_what_flux_wants_first(head: str, rest: str) -> None:
    for mark in ("", "\ufeff"):
        script, added = script_of(EVERY, mark + head + rest)
        assert script == f"{head}{EVERY.option()}\n\n{rest}"
        assert added == (head.count("\n"), 2)


@pytest.mark.parametrize("every", ["1us", "1\u00b5s", "1\u03bcs", "1h30m", "10s"])
def test_any_duration_of_flux_is_one(every: str) -> None:
    Schedule("n", every=every).check()


@pytest.mark.parametrize("every", ["10", "s", "1 s", "1s ", "10s\n", "\u0661s", "1.5s", "-1s", "1µ"])
def test_what_is_no_duration_is_refused(every: str) -> None:
    with pytest.raises(LearnerError, match="no duration"):
        Schedule("n", every=every).check()


@pytest.mark.parametrize("imports", [0, 1, 3])
def test_every_line_of_the_script_comes_back_at_its_line_of_the_editor(imports: int) -> None:
    flux = "".join(f'import "p{n}"\n' for n in range(imports)) + 'from(bucket: "a")\n    |> last()\n'
    script, added = script_of(EVERY, flux)
    mine = flux.splitlines()
    for number, line in enumerate(script.splitlines(), 1):
        at = editor_line(number, added)
        assert line == mine[at - 1] if at else line in (EVERY.option(), "")
    assert editor_line(imports + 1, added) == 0


def test_an_error_says_the_schedule_a_line_or_no_place() -> None:
    errors = [
        {"line": 5, "column": 3, "message": "undefined x"},
        {"line": 1, "column": 1, "message": "no date"},
        {"line": 3, "column": 9, "message": "bad option"},
        {"message": "out of memory"},
    ]
    assert [error["line"] for error in check_lines(errors, (2, 2))] == [3, 1, 0, None]


def test_an_error_is_told_once_and_without_the_lines_of_the_script() -> None:
    twice = {"line": 5, "column": 1, "message": "invalid statement @5:1-5:2: }"}
    assert check_lines([twice, twice], (2, 2)) == [{"line": 3, "column": 1, "message": "invalid statement: }"}]


@pytest.mark.parametrize(
    "flux", ['import "date"\n\nfrom(bucket: "a")\n', 'from(bucket: "a")\n    |> last()\n', '\n\nfrom(bucket: "a")']
)
def test_a_saved_script_comes_apart_as_it_was_put_together(flux: str) -> None:
    fields, text = split_script(script_of(EVERY, flux)[0])
    assert (fields["name"], fields["every"], fields["offset"], fields["kind"]) == ("downsample", "10s", "2s", "every")
    assert text == flux


def test_a_cron_line_is_quoted_and_every_is_left_out() -> None:
    schedule = Schedule.from_form({"name": "n", "kind": "cron", "cron": "*/5 * * * *", "every": "10s"})
    assert schedule.option() == 'option task = {name: "n", cron: "*/5 * * * *"}'
    assert split_script(schedule.option() + "\n")[0]["cron"] == "*/5 * * * *"


@pytest.mark.parametrize(
    "name",
    ["a}b", 'a"b', "a\\b", "a\\", "a\nb", "a\\nb", "${a}", "\\${a}", 'every: 9s}, "', "two words, {x: 1}", "é ✓"],
)
def test_any_name_comes_apart_as_it_was_put_together(name: str) -> None:
    for schedule in (Schedule(name, every="10s", offset="2s"), Schedule(name, cron="0 * * * *")):
        script, added = script_of(schedule, 'import "date"\n\nfrom(bucket: "a")\n')
        fields, text = split_script(script)
        assert schedule.option().count("\n") == 0
        assert added == (2, 2)
        assert Schedule.from_form(fields) == schedule
        assert text == 'import "date"\n\nfrom(bucket: "a")\n'


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (Schedule("", every="10s"), "no name"),
        (Schedule("n"), "no schedule"),
        (Schedule("n", every="10 seconds"), "no duration"),
        (Schedule("n", every="10s", offset="late"), "no duration"),
    ],
)
def test_a_wrong_field_is_named_before_the_server_is_asked(schedule: Schedule, said: str) -> None:
    with pytest.raises(LearnerError) as caught:
        schedule.check()
    assert said in caught.value.cause
    assert caught.value.remedy


def test_an_option_of_the_learners_own_is_refused() -> None:
    with pytest.raises(LearnerError, match="option task"):
        script_of(EVERY, 'option task = {name: "x", every: 1m}\nfrom(bucket: "a")')


def test_runs_come_newest_first_with_their_length() -> None:
    runs = [
        {"id": "1", "status": "success", "scheduledFor": "2026-01-01T00:00:00Z"},
        {
            "id": "2",
            "status": "failed",
            "scheduledFor": "2026-01-01T00:00:10Z",
            "startedAt": "2026-01-01T00:00:10.123456789Z",
            "finishedAt": "2026-01-01T00:00:10.623456789Z",
        },
    ]
    task = {"id": "9", "name": "n", "status": "active", "flux": EVERY.option() + "\n\nx"}
    snapshot = snapshot_of("n", Sample({"task": task, "runs": runs}))
    assert [(run["id"], run["ms"]) for run in snapshot["runs"]] == [("2", 500), ("1", None)]
    assert snapshot["task"]["flux"] == "x"


def test_a_form_without_a_task_says_so() -> None:
    assert snapshot_of("n", Sample({"task": None, "runs": []}))["words"] == ["There is no task n yet."]


def test_the_compilers_errors_come_by_line_without_the_one_of_the_check_itself() -> None:
    said = "error @5:33-5:35: undefined identifier zz\n\nerror @4:8-4:12: undefined identifier rnge\n\n"
    ours = f"error @7:1-7:18: undefined identifier {NEVER_DEFINED}"
    assert compiler_errors(said + ours) == [
        {"line": 4, "column": 8, "message": "undefined identifier rnge"},
        {"line": 5, "column": 33, "message": "undefined identifier zz"},
    ]
    assert compiler_errors(ours) == []
    assert check_lines(compiler_errors("the server is\nout of memory"), (2, 2)) == [
        {"line": None, "column": 0, "message": "the server is out of memory"}
    ]
