"""How the one command fails: a line of cause, a line of remedy, an exit code, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import stack
from lab.base.errors import LabError, MachineError
from lab.base.settings import settings
from lab.commands import cli


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_STATE", str(tmp_path / "state"))
    settings.cache_clear()


def refuse(error: Exception) -> object:
    def verb(*_: object, **__: object) -> None:
        raise error

    return verb


def test_a_lab_error_is_two_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(stack, "down", refuse(MachineError("No room [left].", "Free some space.")))
    assert cli.main(["down"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == ["No room [left].", "Free some space."]


def test_status_without_services_says_how_to_start_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status"]) == 1
    assert "./workshop up" in capsys.readouterr().err


def test_an_unforeseen_error_keeps_its_traceback_in_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(stack, "down", refuse(RuntimeError("boom")))
    assert cli.main(["down"]) == 1
    assert "RuntimeError: boom" in capsys.readouterr().err
    assert "Traceback" in (tmp_path / "state" / "logs" / "crash.log").read_text()


def test_a_missing_module_asks_for_a_new_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    (tmp_path / ".installed").write_text("stamp")
    monkeypatch.setattr(stack, "down", refuse(ModuleNotFoundError("No module named 'rich'", name="rich")))
    assert cli.main(["down"]) == 1
    assert "lacks the module rich" in capsys.readouterr().err
    assert not (tmp_path / ".installed").exists()


def test_a_missing_module_in_somebody_elses_environment_asks_for_another_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.prefix", "/proc/1")  # no stamp can be removed there
    monkeypatch.setattr(Path, "unlink", refuse(PermissionError(13, "Permission denied")))
    monkeypatch.setattr(stack, "down", refuse(ModuleNotFoundError("No module named 'rich'", name="rich")))
    assert cli.main(["down"]) == 1
    assert "LAB_VENV" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["no-such-verb"], ["up", "--no-such-option"], ["demo", "--seconds", "soon"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err


def test_an_unknown_benchmark_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "nothing"]) == 1
    assert "Known:" in capsys.readouterr().err


def test_a_verb_of_a_missing_part_is_told_as_such() -> None:
    with pytest.raises(LabError, match=r"no lab\.not_there"):
        cli._load("lab.not_there", "main")


def test_the_exit_code_of_a_verb_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_load", lambda *_: lambda _: 3)
    assert cli.main(["progress"]) == 3


def test_every_verb_of_the_design_is_there() -> None:
    verbs = {command.name or command.callback.__name__ for command in cli.app.registered_commands if command.callback}
    assert verbs >= {"up", "down", "status", "logs", "doctor", "lab", "demo", "reset", "progress", "goto", "test"}
    assert verbs >= {"build", "bench"}


@pytest.mark.parametrize("arguments", [["help"], ["-h"], ["--help"]])
def test_help_lists_every_verb_in_its_group(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 0
    shown = capsys.readouterr().out
    at = [shown.index(f"─ {group} ─") for group in (cli.START, cli.LEARN, cli.LOOK, cli.DEVELOP)]
    assert at == sorted(at)
    assert "─ Commands ─" not in shown, "a verb without a group"


@pytest.mark.parametrize("arguments", [["help", "test"], ["test", "-h"], ["test", "--help"]])
def test_help_of_a_verb_runs_nothing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 0
    shown = capsys.readouterr().out
    assert "Usage: workshop test [OPTIONS]" in shown
    assert "--durations" in shown


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("workshop 0.")


@pytest.mark.parametrize(
    "arguments", [["lab", "99"], ["lab", "nowhere"], ["build", "foo", "--check"], ["goto", "99"], ["reset", "99"]]
)
def test_a_lesson_that_does_not_exist_is_refused_by_every_verb(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 1
    shown = capsys.readouterr()
    assert arguments[1] in shown.out + shown.err


def test_checking_the_build_of_one_lesson_looks_at_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr("lab.authoring.build._lesson_differences", lambda lesson: seen.append(lesson.id) or [])
    assert cli.main(["build", "2", "--check"]) == 0
    assert seen == ["l02"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LAB_BACKEND", "foo", "native"),
        ("LAB_NAMESPACE", "team a/", "letters, digits"),
        ("LAB_NAMESPACE", "x" * 101, "100"),
        ("LAB_NAMESPACE", "_mine", "internal"),
        ("LAB_NAMESPACE", "équipe", "letters, digits"),
        ("LAB_PACE", "fast", "number"),
        ("LAB_PACE", "-1", "above 0"),
        ("LAB_PACE", "nan", "above 0"),
        ("LAB_PRACTICE", "perhaps", "boolean"),
        ("LAB_INFLUXD", "", "empty"),
        ("LAB_CACHE", " ", "empty"),
        ("LAB_KAFKA_SECURITY_PROTOCOL", "TLS", "SASL_SSL"),
        ("LAB_KAFKA_BOOTSTRAP", "broker", "host:port"),
        ("LAB_KAFKA_BOOTSTRAP", "one:9092,two:port", "'two:port'"),
        ("LAB_KAFKA_BOOTSTRAP", "kafka://one:9092", "host:port"),
        ("LAB_CONNECT_URL", "host:8083", "http://"),
        ("LAB_INFLUX_URL", "ftp://host", "http://"),
        ("LAB_INFLUX_URL", "http://host:port", "http://"),
    ],
)
def test_a_setting_with_a_mistake_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    settings.cache_clear()
    try:
        assert cli.main(["up"]) == 1
    finally:
        monkeypatch.delenv(name)
        settings.cache_clear()
    cause, remedy = capsys.readouterr().err.splitlines()
    assert cause.startswith(f"The setting {name} is wrong: ")
    assert said in cause
    assert name in remedy


@pytest.mark.parametrize("value", ["one:9092", "one:9092, two:9093", "[::1]:9092"])
def test_a_list_of_brokers_as_people_write_it(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("LAB_KAFKA_BOOTSTRAP", value)
    settings.cache_clear()
    assert settings().kafka_bootstrap == value.replace(" ", "")
    settings.cache_clear()


@pytest.mark.parametrize(
    ("variable", "other"), [("LAB_STATE", "LAB_CACHE"), ("LAB_CACHE", "LAB_STATE"), (None, "LAB_")]
)
def test_a_forbidden_file_names_the_setting_of_its_own_folder_and_no_other(
    variable: str | None,
    other: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A file of neither folder is no reason to move one."""
    folder = tmp_path / "mine"
    if variable:
        monkeypatch.setenv(variable, str(folder))
    error = PermissionError(13, "Permission denied", str(folder / "file"))
    monkeypatch.setattr(stack, "down", refuse(error))
    assert cli.main(["down"]) == 1
    said = capsys.readouterr().err
    assert str(folder / "file") in said.replace("\n", "")
    assert other not in said
    assert variable is None or variable in said
