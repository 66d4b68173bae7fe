"""What a reset may delete: what a stack made, by name, in a folder that is a stack's own, said with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import typer

from lab.base.errors import LearnerError, MachineError
from lab.base.settings import ROOT, settings
from lab.commands import reset
from lab.stack.layout import MARKER, Layout


@pytest.fixture(autouse=True)
def fresh_settings() -> None:
    settings.cache_clear()


def own(state: Path) -> Layout:
    """A stack's folder with some data in it."""
    here = Layout(state, state.parent / "cache")
    here.prepare()
    (here.data / "kafka1").mkdir()
    (here.data / "kafka1" / "segment").write_bytes(b"x" * 1_000_000)
    (here.state / "progress.toml").touch()
    return here


def foreign(state: Path, *names: str) -> Layout:
    """A folder of somebody else's, with these folders in it."""
    for name in names:
        (state / name).mkdir(parents=True)
    return Layout(state, state.parent / "cache")


@pytest.mark.parametrize(
    "names", [["thesis"], ["data"], ["data", "logs", "run"], [".git", "data"], ["kept", "photos"], ["secrets"]]
)
@pytest.mark.parametrize("act", ["up", "reset"])
def test_a_folder_that_no_stack_made_is_refused_and_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str], act: str
) -> None:
    here = foreign(tmp_path / "mine", *names)
    monkeypatch.setenv("LAB_STATE", str(here.state))
    with pytest.raises(LearnerError, match="no stack of this kit made"):
        here.prepare() if act == "up" else reset.reset(["everything"], yes=True)
    assert sorted(entry.name for entry in here.state.iterdir()) == sorted(names)


@pytest.mark.parametrize("where", ["/", "~", "~/..", str(ROOT), str(ROOT.parent)])
def test_a_folder_that_holds_home_clone_or_disk_is_refused_even_with_a_mark(where: str) -> None:
    why = Layout(Path(where).expanduser(), Path("cache")).objection()
    assert why is not None
    assert "home folder, this clone or the root" in why


def test_a_link_to_the_home_folder_is_the_home_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(Path.home())
    assert Layout(tmp_path / "link", tmp_path).objection() is not None


@pytest.mark.parametrize("name", ["STATE", "CACHE", "INFLUXD", "MQTT_PASSWORDS"])
@pytest.mark.parametrize("value", ["", "  "])
def test_a_path_that_is_set_and_empty_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"LAB_{name}", value)
    with pytest.raises(LearnerError, match=f"LAB_{name} is wrong: it is set and empty"):
        settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [("BACKEND", "foo"), ("PACE", "slow"), ("KAFKA_SECURITY_PROTOCOL", "TLS"), ("PRACTICE", "perhaps")],
)
def test_any_wrong_setting_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"LAB_{name}", value)
    with pytest.raises(LearnerError, match=f"LAB_{name} is wrong: "):
        settings()


def test_a_stack_of_before_the_mark_is_known_by_its_files(tmp_path: Path) -> None:
    here = own(tmp_path / "state")
    (here.state / MARKER).unlink()
    assert here.objection() is not None
    (here.state / "stack.json").touch()
    assert here.objection() is None
    (here.state / "thesis").touch()
    assert here.objection() is not None


def test_tests_and_progress_alone_do_not_stand_in_the_way_of_the_first_start(tmp_path: Path) -> None:
    for name in ("tests", "progress.toml", "kept", "jupyter", "lost+found"):
        (tmp_path / name).mkdir()
    assert Layout(tmp_path, tmp_path).objection() is None


def test_everything_means_what_a_stack_made_and_the_question_says_where_and_how_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = own(tmp_path / "state")
    monkeypatch.setenv("LAB_STATE", str(here.state))
    monkeypatch.setattr(reset, "renew", lambda *_: None)
    (here.state / "thesis").mkdir()
    (here.state / "kept").mkdir()
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: (_ for _ in ()).throw(typer.Abort))
    with pytest.raises(typer.Abort):
        reset.reset(["everything"], yes=False)
    assert f"{here.data} (1.0 MB)" in capsys.readouterr().err
    assert (here.data / "kafka1" / "segment").exists()
    reset.reset(["everything"], yes=True)
    assert sorted(entry.name for entry in here.state.iterdir()) == ["kept", "thesis", MARKER]


def test_a_link_goes_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "big disk").mkdir()
    (tmp_path / "big disk" / "others").touch()
    (tmp_path / "data").symlink_to(tmp_path / "big disk")
    reset.remove(tmp_path / "data")
    assert not (tmp_path / "data").is_symlink()
    assert (tmp_path / "big disk" / "others").exists()


def test_what_cannot_be_removed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, os.strerror(13), str(path))

    monkeypatch.setattr(reset.shutil, "rmtree", refuse)
    with pytest.raises(MachineError, match=r"run cannot be removed: Permission denied"):
        reset.remove(foreign(tmp_path, "run").state / "run")


def test_kafka_goes_by_the_names_of_its_brokers(tmp_path: Path) -> None:
    planned = reset.plan(["kafka"], Layout(tmp_path, tmp_path))
    assert [path.name for path in planned.paths] == ["kafka1", "kafka2", "kafka3", "kafka-cluster-id"]
