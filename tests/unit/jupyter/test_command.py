"""The command that starts JupyterLab, and the sampler behind the docked map."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from lab.base.pace import allow
from lab.jupyter import command
from lab.jupyter.command import HERE, notebook
from lab.jupyter.watch import LOADING, Watch

DEADLINE_S = 20.0
TALKER = "import sys, json\nprint(json.dumps({'n': 1}), flush=True)\nsys.stdin.read()"


def test_the_address_opens_the_lesson_with_a_token_that_is_in_no_argument(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "07_sinks.ipynb").write_text("{}")
    start = command(None, "07", 8899, tmp_path)
    token = start.env["JUPYTER_TOKEN"]
    assert start.url == f"http://127.0.0.1:8899/lab/tree/notebooks/07_sinks.ipynb?token={token}"
    assert not any(token in argument for argument in start.argv)
    assert token not in repr(start)
    assert command(None, "07", 8899, tmp_path).env["JUPYTER_TOKEN"] != token


def test_jupyterlab_listens_on_loopback_and_kernels_find_the_kit() -> None:
    start = command(None)
    assert "--ServerApp.ip=127.0.0.1" in start.argv
    assert str(HERE.parent.parent) in start.env["PYTHONPATH"]
    assert Path(start.env["LAB_STATE"]).is_absolute()


def test_what_leads_to_a_users_own_jupyter_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = ("JUPYTER_CONFIG_DIR", "JUPYTER_PATH", "JUPYTERLAB_DIR", "IPYTHONDIR", "PYTHONSTARTUP", "PYTHONHOME")
    for name in (*foreign, "PLOTLY_RENDERER", "PYTHONIOENCODING"):
        monkeypatch.setenv(name, "/theirs")
    env = command(None).env
    assert {name: value for name, value in env.items() if value == "/theirs"} == {"PYTHONIOENCODING": "/theirs"}
    state = env["LAB_STATE"]
    assert (env["JUPYTER_NO_CONFIG"], env["JUPYTER_PREFER_ENV_PATH"]) == ("1", "1")
    assert all(env[name].startswith(state) for name in ("JUPYTER_DATA_DIR", "IPYTHONDIR"))


def test_a_kernel_gets_one_memory_arena_unless_the_learner_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    assert command(None).env["MALLOC_ARENA_MAX"] == "1"
    monkeypatch.setenv("MALLOC_ARENA_MAX", "4")
    assert command(None).env["MALLOC_ARENA_MAX"] == "4"


def test_a_lesson_that_is_not_there_opens_the_folder(tmp_path: Path) -> None:
    assert notebook("42", tmp_path) == "notebooks"


def test_the_browser_extension_names_files_that_exist() -> None:
    folder = HERE / "extensions" / "workshop-lab"
    package = json.loads((folder / "package.json").read_text())
    assert (folder / package["jupyterlab"]["_build"]["load"]).is_file()
    assert json.loads((HERE / "settings" / "overrides.json").read_text())


async def test_the_newest_snapshot_comes_from_a_sampler_that_starts_with_the_first_look() -> None:
    watch = Watch(sys.executable, "-c", TALKER)
    assert watch.look() == LOADING
    async with asyncio.timeout(allow(DEADLINE_S)):
        while watch.look() == LOADING:
            await asyncio.sleep(0.02)
    assert json.loads(watch.look()) == {"n": 1}
    await watch.close()


async def test_a_sampler_that_died_is_started_again() -> None:
    watch = Watch(sys.executable, "-c", "print('1', flush=True)")
    started = 0
    async with asyncio.timeout(allow(DEADLINE_S)):
        while started < 3:
            before = watch._task
            watch.look()
            started += watch._task is not before
            await asyncio.sleep(0.02)
    await watch.close()
