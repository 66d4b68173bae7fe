"""The static snapshots that a saved notebook keeps: each panel's shows its data, stays small, and is sound XML."""

from __future__ import annotations

import base64
import importlib
import re
from xml.etree import ElementTree

import pytest

from lab.widgets.cards import CARDS, cards_of
from lab.widgets.panel import Panel
from lab.widgets.static_snapshot import MOST, data_address, picture
from tests.support import canned

DATA = {
    "pipeline_map": ["MQTT proxy", "kafka_raw"],
    "fleet_panel": ["generator3", "fuel 320 l", "needs fuel", "offline"],
    "partition_view": ["partition 5", "next offset 112", "generator1"],
    "replica_view": ["led by broker 3", "in sync: 1, 3", "out of sync: 2"],
    "lag_view": ["records behind", "task/a", "polyline"],
    "connector_panel": ["task 1", "failed", "InfluxDB said 401"],
    "dead_letter_view": ["offset 3, key poison", "Converting byte[]", "offset 812"],
    "task_form": ["kafka_downsample", "every 10s offset 2s", "active", "failed"],
    "fault_panel": ["kafka2", "freeze kafka2", "influxd"],
}
"""What each panel's picture of its canned snapshot must show."""


def panel_of(name: str) -> Panel:
    """The panel with its canned snapshot."""
    module = importlib.import_module(f"lab.widgets.panels.{name}")
    (kind,) = (one for one in vars(module).values() if getattr(one, "source", "") == name)
    heading, make = canned.PANELS[name]
    panel: Panel = kind(heading=heading, snapshot=make())
    return panel


def drawn(html: str) -> str:
    """The text and shapes of the picture in the saved HTML."""
    (found,) = re.findall(r"<img alt='[^']+' src='data:image/svg\+xml;base64,([^']+)'>", html)
    svg = base64.b64decode(found).decode()
    tags = [node.tag.rpartition("}")[2] for node in ElementTree.fromstring(svg).iter()]
    return " ".join([*ElementTree.fromstring(svg).itertext(), *tags])


@pytest.mark.parametrize("name", sorted(canned.PANELS))
def test_the_saved_notebook_keeps_a_picture_of_every_panel(name: str) -> None:
    html = panel_of(name)._snapshot_data()["text/html"]
    shown = drawn(html)
    assert [part for part in DATA[name] if part not in shown] == []
    assert len(html) < 30_000


@pytest.mark.parametrize("name", sorted(CARDS))
def test_a_panel_that_has_seen_nothing_has_no_picture(name: str) -> None:
    assert cards_of(name, {"loading": True}) == []


def test_a_large_fleet_is_drawn_in_part_and_the_rest_counted() -> None:
    cards = cards_of("fleet_panel", canned.fleet(30))
    svg = picture(cards)
    assert svg.count("rx='8'") == MOST
    assert f"and {len(cards) - MOST} more" in svg


def test_any_key_and_reason_give_a_sound_picture() -> None:
    letter = {"offset": 1, "key": "a\x00<b>", "reason": "x" * 500, "origin": ""}
    svg = base64.b64decode(data_address(cards_of("dead_letter_view", {"letters": [letter]})).partition(",")[2])
    assert ElementTree.fromstring(svg) is not None
    assert len(svg) < 2_000


def test_a_curve_lies_within_its_card() -> None:
    card = {"title": "Lag", "state": "slow", "lines": ["10 records behind"], "points": [[-2, 0], [-1, 40], [0, 10]]}
    places = re.findall(r"(\d+),(\d+)", picture([card]).partition("points=")[2].partition(" fill")[0])
    assert places == [("26", "121"), ("132", "65"), ("238", "107")]
