"""One palette: text shades are readable, keys differ, and the style sheets name no colour of their own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.base.palette import DARK, LIGHT, series
from lab.base.settings import ROOT
from lab.widgets.files import styles

PANELS = ROOT / "lab" / "widgets"
WORDS = ("text", "dim", "blue", "green", "amber", "red", "purple")


def luminance(colour: str) -> float:
    """WCAG's relative luminance."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in shares]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("word", WORDS)
def test_words_can_be_read_on_the_ground_of_both_themes(word: str) -> None:
    assert contrast(LIGHT[word], "#ffffff") >= 4.5
    assert contrast(DARK[word], DARK["ground"]) >= 4.5


def test_a_hundred_keys_have_a_hundred_colours() -> None:
    assert len({series(number) for number in range(100)}) == 100


def test_both_themes_have_the_same_roles() -> None:
    assert set(DARK) == {*LIGHT, "ground", "card"}


@pytest.mark.parametrize("sheet", sorted(PANELS.rglob("*.css")), ids=lambda path: path.stem)
def test_a_style_sheet_takes_its_colours_and_sizes_from_the_palette(sheet: Path) -> None:
    text = sheet.read_text()
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", text) == []
    assert [size for size in re.findall(r"font-size: ([\d.]+)px", text) if float(size) < 12] == []
    whole = styles(sheet.stem)
    assert {name for name in re.findall(r"var\(--lab-([a-z-]+)", whole) if f"--lab-{name}:" not in whole} <= {"path"}
