"""Every benchmark that can be named can be called as the command line calls it."""

from __future__ import annotations

import importlib
import inspect

import pytest

from lab.base.errors import LearnerError
from lab.commands import bench


@pytest.mark.parametrize("name", bench.NAMES)
def test_every_benchmark_takes_json(name: str) -> None:
    inspect.signature(importlib.import_module(f"bench.{name}").main).bind(json=True)


def test_an_unknown_benchmark_is_told_what_there_is() -> None:
    with pytest.raises(LearnerError, match="no benchmark speed") as caught:
        bench.run("speed", as_json=False)
    assert "proxy_idle" in caught.value.remedy


def test_without_a_name_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.run(None, as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(bench.NAMES)
    assert all(len(line.split()) > 3 and "`" not in line for line in lines)
