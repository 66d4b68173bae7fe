"""The static snapshot of a panel: plain HTML that a saved notebook keeps and shows without a kernel.

It carries the panel's sentences and its cards (`lab.widgets.cards`), drawn as a small SVG in an image. The image is a
data address, because JupyterLab keeps those in an output it does not trust, and removes inline SVG.
"""

from __future__ import annotations

import base64
from html import escape
from typing import Any

from lab.base import palette

WIDTH, CARD, GAP, LINE = 760, 236, 14, 17
"""Pixels of the picture, of a card, between cards, of a line of text."""
MOST = 12
"""Cards drawn; the sentences have the rest."""
CURVE = 4
"""Lines of text that a curve is high."""
MARKS = {"ready": "●", "slow": "▲", "down": "■", "missing": "○", "waiting": "…"}
DIM, TEXT = palette.LIGHT["dim"], palette.LIGHT["text"]
COLOURS = {
    "ready": palette.LIGHT["green"],
    "slow": palette.LIGHT["amber"],
    "down": palette.LIGHT["red"],
    "missing": palette.LIGHT["dim"],
    "waiting": palette.LIGHT["dim"],
}
"""Every colour comes with its own mark."""


def snapshot_html(heading: str, cards: list[dict[str, Any]], words: list[str]) -> str:
    """Heading, picture when there are cards, sentences."""
    lines = "".join(f"<li>{escape(line)}</li>" for line in words) or "<li>Nothing was seen yet.</li>"
    picture = f"<img alt='{escape(heading, quote=True)}' src='{data_address(cards)}'>" if cards else ""
    note = "A static snapshot: run the cell to see it live."
    return (
        f"<div class='lab-still'><strong>{escape(heading)}</strong> <em>{note}</em>{picture}"
        f"<details{' open' if not cards else ''}><summary>In words</summary><ul>{lines}</ul></details></div>"
    )


def data_address(cards: list[dict[str, Any]]) -> str:
    """The picture of the cards as a data address."""
    return "data:image/svg+xml;base64," + base64.b64encode(picture(cards).encode()).decode()


def picture(cards: list[dict[str, Any]]) -> str:
    """An SVG of the first cards, three to a row."""
    shown = cards[:MOST]
    rows = [shown[start : start + 3] for start in range(0, len(shown), 3)]
    drawn, top = [], GAP
    for row in rows:
        height = 34 + LINE * max(len(card.get("lines", [])) + CURVE * bool(card.get("points")) for card in row)
        for column, card in enumerate(row):
            drawn.append(_card(card, GAP + column * (CARD + GAP), top, height))
        top += height + GAP
    if len(cards) > MOST:
        more = f"and {len(cards) - MOST} more"
        drawn.append(f"<text x='{GAP}' y='{top + 6}' font-size='12' fill='{DIM}'>{more}</text>")
        top += LINE
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{top}' viewBox='0 0 {WIDTH} {top}' "
        f"font-family='system-ui, sans-serif'><rect width='{WIDTH}' height='{top}' fill='#fff'/>{''.join(drawn)}</svg>"
    )


def _card(card: dict[str, Any], left: int, top: int, height: int) -> str:
    state = card.get("state", "waiting")
    colour, mark = COLOURS.get(state, palette.LIGHT["dim"]), MARKS.get(state, "")
    lines = "".join(
        f"<text x='{left + 12}' y='{top + 42 + LINE * n}' font-size='12' fill='{DIM}'>{escape(line[:38])}</text>"
        for n, line in enumerate(card.get("lines", []))
    )
    return (
        f"<rect x='{left}' y='{top}' width='{CARD}' height='{height}' rx='8' fill='#ffffff' stroke='{colour}'/>"
        f"<text x='{left + 12}' y='{top + 22}' font-size='13' font-weight='600' fill='{TEXT}'>"
        f"<tspan fill='{colour}'>{mark}</tspan> {escape(card.get('title', ''))}</text>{lines}"
        + _curve(card.get("points", []), left + 12, top + 34 + LINE * len(card.get("lines", [])), colour)
    )


def _curve(points: list[list[float]], left: int, top: int, colour: str) -> str:
    """The points as a line over the width of a card, from zero to the highest."""
    if len(points) < 2:
        return ""
    first, last, highest = points[0][0], points[-1][0], max(1.0, *(value for _, value in points))
    wide, high = CARD - 24, LINE * CURVE - 12
    places = " ".join(
        f"{left + wide * (at - first) / (last - first or 1):.0f},{top + high * (1 - value / highest):.0f}"
        for at, value in points
    )
    return f"<polyline points='{places}' fill='none' stroke='{colour}' stroke-width='1.5'/>"
