"""How long a caller will probably wait for a person, from how long talks took of late. Pure.

As many talks have to end as there are callers before this one, and one more; people end them
side by side. What comes out is said to somebody who plans by it, so it is the mean plus one
standard deviation, rounded up, and nothing where too little is known: for talks whose lengths
are exponentially distributed it holds for six callers in seven or more.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from statistics import fmean, pstdev

LEAST = 5
"""Talks from which an estimate is made."""
_KEPT = 30
"""Talks of each person that are gone by."""
_SAID = (1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 45, 60)
"""Minutes as people say them; what is longer is not said."""


def expected_wait_s(ahead: int, at_once: int, talks: Sequence[float]) -> float | None:
    """Seconds within which a caller will probably be with a person; None where that is not known.

    Args:
        ahead: callers who go before this one.
        at_once: talks that can go on beside each other.
        talks: how long talks took of late, in seconds.
    """
    if at_once < 1 or len(talks) < LEAST:
        return None
    turns = ahead + 1
    return (turns * fmean(talks) + math.sqrt(turns) * pstdev(talks)) / at_once


def minutes_to_say(seconds: float | None) -> int | None:
    """A time in minutes as it is said, rounded up; None for none, and beyond an hour."""
    if seconds is None:
        return None
    return next((minutes for minutes in _SAID if seconds <= minutes * 60), None)


class Talks:
    """How long the latest talks of each person took."""

    def __init__(self) -> None:
        self._of: dict[str, deque[float]] = {}

    def add(self, target: str, took_s: float) -> None:
        """One more talk, in the order in which they ended."""
        self._of.setdefault(target, deque(maxlen=_KEPT)).append(took_s)

    def of(self, targets: Iterable[str]) -> list[float]:
        """The latest talks of these people, in seconds."""
        return [took_s for target in targets for took_s in self._of.get(target, ())]
