"""The calls that learners write, made twice: the second gives the same panel, and no call is hidden by a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab import widgets
from lab.base.settings import settings
from lab.widgets.panels.lag_view import LagView

CALLS = sorted(set(widgets.__all__) - {"stop"})


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No stack runs here: a panel opens all the same."""
    monkeypatch.setenv("LAB_STATE", str(tmp_path / "state"))
    settings.cache_clear()
    yield
    widgets.stop()
    settings.cache_clear()


@pytest.mark.parametrize("call", CALLS)
def test_a_second_call_gives_the_same_panel(call: str) -> None:
    arguments = [SimpleNamespace(snapshot=list)] if call == "fleet_panel" else []
    first = getattr(widgets, call)(*arguments)
    assert first.source == call
    assert getattr(widgets, call)(*arguments) is first


def test_another_fleet_goes_into_the_same_panel() -> None:
    one, other = SimpleNamespace(snapshot=list), SimpleNamespace(snapshot=list)
    panel = widgets.fleet_panel(one)  # type: ignore[arg-type]
    assert widgets.fleet_panel(other) is panel  # type: ignore[arg-type]
    assert panel.fleet is other


def test_the_lag_views_figure_holds_the_history_and_its_marks() -> None:
    seen = {"group": "g", "history": [[-2, 10], [-1, 40]], "marks": [[-1.5, "rebalance; 2 members"]]}
    figure = LagView(snapshot=seen).figure()
    assert (list(figure.data[0].x), list(figure.data[0].y)) == ([-2, -1], [10, 40])
    assert [shape.x0 for shape in figure.layout.shapes] == [-1.5]
    assert [note.text for note in figure.layout.annotations] == ["rebalance"]
    assert figure.layout.title.text == "Lag of g"
