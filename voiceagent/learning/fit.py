"""Refits a policy's thresholds and weights on marked calls, and tries it on calls held out.

One number after the other is moved to where the marked calls cost least, and is pulled back
towards the dialplan's own: a small gain moves nothing. Of neighbouring values those count too,
so that no threshold stands at the edge of one call's figure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.learning.marked import Example, Prices, Result, Score, score


class Span(NamedTuple):
    """Where a number may be; a count has an int for its unit."""

    unit: float
    least: float
    most: float

    @property
    def counts(self) -> bool:
        """Whether it is a whole number."""
        return isinstance(self.unit, int)


LEAST = 20
"""Marked calls that are needed of each kind: those that needed a person, and those that did not."""
FOLDS = 5
SWEEPS = 2
PULL = 0.5
"""Moving a number by its unit has to save so many calls of average price."""
UNITS = {
    "anger_handover": Span(0.1, 0.3, 0.98),
    "anger_offer": Span(0.1, 0.2, 0.95),
    "wish_handover": Span(0.1, 0.2, 0.95),
    "topic_handover": Span(0.1, 0.2, 0.95),
    "understood_clarify": Span(0.1, 0.1, 0.9),
    "voice_weight": Span(0.5, 0.0, 2.0),
    "interruption_weight": Span(0.5, 0.0, 2.0),
    "trend_weight": Span(1.0, 0.0, 4.0),
    "clarify_limit": Span(1, 1, 6),
    "failure_limit": Span(1, 1, 8),
}
"""What is learned."""
_STEPS = 4
"""Values tried in a unit, of numbers that are no counts."""


class TooFewMarks(Exception):
    """There are not enough marks to learn from; the text says how many are needed."""


@dataclass(frozen=True)
class Trial:
    """A refit, and what it gives on calls that it was not fitted on."""

    limits: Thresholds
    before: Score
    after: Score


def learn(some: Sequence[Example], now: Thresholds, own: Thresholds, prices: Prices) -> Trial:
    """Refit the policy in use.

    Args:
        some: the marked calls.
        now: the policy in use, which it is compared with.
        own: the dialplan's own, which it is pulled towards.
        prices: what mistakes cost.

    Raises:
        TooFewMarks: there are fewer than `LEAST` of either kind.
    """
    _enough(some)
    folds = _folds(some)
    before: list[tuple[Result, bool]] = []
    after: list[tuple[Result, bool]] = []
    for held_out in folds:
        rest = [one for fold in folds if fold is not held_out for one in fold]
        before += score(held_out, now).results
        after += score(held_out, fit(rest, now, own, prices)).results
    return Trial(fit(some, now, own, prices), Score(tuple(before)), Score(tuple(after)))


def fit(some: Sequence[Example], start: Thresholds, own: Thresholds, prices: Prices) -> Thresholds:
    """The thresholds and weights that cost least on these calls."""
    best = start
    for _ in range(SWEEPS):
        before = best
        for name in UNITS:
            best = _move(some, best, own, prices, name)
        if best == before:
            break
    return best


def _move(
    some: Sequence[Example], limits: Thresholds, own: Thresholds, prices: Prices, name: str
) -> Thresholds:
    span = UNITS[name]
    values = _values(name, getattr(limits, name), getattr(own, name))
    tried = [limits.model_copy(update={name: value}) for value in values]
    costs = np.array([score(some, one).cost(prices) * len(some) for one in tried])
    if not span.counts:
        padded = np.pad(costs, 1, mode="edge")
        costs = (padded[:-2] + 2 * costs + padded[2:]) / 4
    pulls = np.array([((value - getattr(own, name)) / span.unit) ** 2 for value in values])
    totals = costs + PULL * prices.mean * pulls
    allowed = [one.anger_offer <= one.anger_handover for one in tried]
    if not any(allowed):
        return limits
    totals = np.where(allowed, totals, np.inf)
    return tried[int(np.argmin(totals))]


def _values(name: str, now: float, own: float) -> list[float]:
    """Values to try, in order, the present and the dialplan's own among them."""
    span = UNITS[name]
    unit, least, most = span
    step = unit if span.counts else unit / _STEPS
    count = round((most - least) / step)
    grid = {round(least + index * step, 6) for index in range(count + 1)}
    return sorted({*grid, now, own})


def _enough(some: Sequence[Example]) -> None:
    needed = sum(one.due is not None for one in some)
    rest = len(some) - needed
    missing = [
        f"mark {LEAST - count} more {what}"
        for count, what in (
            (needed, "calls that needed a person (needed, too-late, should-have-been)"),
            (rest, "calls that did not (not-needed)"),
        )
        if count < LEAST
    ]
    if missing:
        raise TooFewMarks(
            f"{needed} marked calls needed a person and {rest} did not; "
            f"at least {LEAST} of each are needed: {', and '.join(missing)}"
        )


def _folds(some: Sequence[Example]) -> list[list[Example]]:
    """The calls in folds by chance that is always the same, both kinds in each."""

    def chance(one: Example) -> tuple[bool, bytes]:
        return one.due is None, hashlib.sha256(one.call_id.encode()).digest()

    shuffled = sorted(some, key=chance)
    return [shuffled[first::FOLDS] for first in range(FOLDS)]
