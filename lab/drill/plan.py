"""What a drill does: every fault so many rounds, or pairs drawn from a seed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from random import Random

PAIR = "+"
"""Joins the names of two faults that are active at the same time."""


def rounds(names: Sequence[str], count: int) -> list[str]:
    """Each name once, then each again: a run that is ended early has seen as many kinds as possible."""
    return [name for _ in range(count) for name in names]


def pairs(names: Sequence[str], count: int, seed: int) -> list[str]:
    """So many pairs of different faults, the same for the same seed; none comes twice before all have come once."""
    every = [PAIR.join(pair) for pair in combinations(sorted(names), 2)]
    chance, drawn = Random(seed), list[str]()  # noqa: S311 - a draw that can be repeated, not a secret
    while every and len(drawn) < count:
        chance.shuffle(every)
        drawn += every
    return drawn[:count]
