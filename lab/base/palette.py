"""The one palette of panels, cards, plots and drawings: Okabe and Ito's colours, which colour-blind people tell apart.

A shade that carries text is darkened, or lightened on a dark ground, until it has 4.5:1 against it. Colour is never the
only sign: every state has a mark and a word as well.
"""

from __future__ import annotations

import colorsys

LIGHT = {
    "soft": "#f3f5f7",
    "line": "#c9d0d6",
    "edge": "#7d8790",
    "text": "#1c2328",
    "dim": "#525c64",
    "blue": "#005b94",
    "sky": "#d9ecf8",
    "green": "#00704f",
    "green-soft": "#def3ea",
    "amber": "#8f5200",
    "amber-soft": "#fdf1dc",
    "red": "#b0391a",
    "red-soft": "#fcebe5",
    "purple": "#8a3f6c",
    "on-blue": "#ffffff",
}
"""Roles on a light ground."""
DARK = {
    "ground": "#16191c",
    "card": "#1f2428",
    "soft": "#272d32",
    "line": "#3d464d",
    "edge": "#8a969f",
    "text": "#e9edf0",
    "dim": "#aeb8bf",
    "blue": "#6cbcf0",
    "sky": "#17364a",
    "green": "#4fc9a3",
    "green-soft": "#123a2e",
    "amber": "#f0b24a",
    "amber-soft": "#3b2d12",
    "red": "#ff9175",
    "red-soft": "#43231a",
    "purple": "#e3a0c8",
    "on-blue": "#0d1418",
}
"""The same roles on a dark ground."""
PASSED, NOT_YET, TROUBLE, NEUTRAL = "#009e73", "#d55e00", "#cc79a7", "#7f7f7f"
"""Edges of cards in a notebook; their text has the theme's own colour."""
SERIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a3f6c", "#7d8790")
"""Lines of a plot and keys of a topic, in the order of their use."""
GOLDEN = 0.618034
"""Share of the colour circle between two further hues, which never meet again."""


def series(number: int) -> str:
    """The colour of the number-th line or key: one of SERIES, then further hues, each its own."""
    if number < len(SERIES):
        return SERIES[number]
    further = number - len(SERIES)
    shares = colorsys.hls_to_rgb((0.09 + further * GOLDEN) % 1.0, (0.38, 0.5, 0.62)[further % 3], 0.6)
    return "#" + "".join(f"{round(255 * share):02x}" for share in shares)


def variables() -> str:
    """The palette as variables of the panels' style sheet, for both themes."""
    light = {"ground": "var(--jp-layout-color1, #fff)", "card": "var(--jp-layout-color1, #fff)", **LIGHT}
    return _block(".lab-panel", light) + _block('[data-jp-theme-light="false"] .lab-panel', DARK)


def _block(selector: str, colours: dict[str, str]) -> str:
    return f"{selector} {{ {' '.join(f'--lab-{name}: {colour};' for name, colour in colours.items())} }}\n"
