"""Seconds on the axis of a picture: its ticks, and labels that do not cover each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LETTER = 7.0
"""Width of a letter of a label."""
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120)
_MOST_TICKS = 14


@dataclass(frozen=True)
class Label:
    """A moment with its name."""

    x: float
    label: str
    row: int
    """Row of the name, from 0: names that would overlap stand below each other."""
    flipped: bool
    """Whether the name stands left of the moment, for want of room."""
    at_s: float


def ticks(total_s: float) -> range:
    """Round seconds from 0 to the end, few enough to be read."""
    step = next((step for step in _STEPS if total_s / step <= _MOST_TICKS), 300)
    return range(0, int(total_s) + 1, step)


def labels(moments: Iterable[tuple[float, str]], scale: float, width: float) -> list[Label]:
    """Moments in seconds as labels on an axis of this width, `scale` units a second."""
    free: list[float] = []
    placed = []
    for at_s, label in sorted(moments):
        x, wide = at_s * scale, len(label) * LETTER + 14
        left = x if x + wide <= width else x - wide
        row = next((i for i, right in enumerate(free) if right <= left), len(free))
        free[row : row + 1] = [left + wide]
        placed.append(Label(x, label, row, left < x, at_s))
    return placed
