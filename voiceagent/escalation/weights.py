"""What was learned of a language: how much its patterns and its wording tell of anger, of the wish
for a person, or of a call that gets nowhere.

A logistic regression on the wording of a turn, as the embedding's inner layers have it, on the
patterns that were met and, for the wish, on the likeness to the turns that were learned from.
``benchmarks/words.py`` trains and measures it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voiceagent.speech.embedding import wording

FEW = 3
"""A turn of fewer words means little by what it resembles: an answer, or what is left of one."""
ALONE = 0.85
"""Most log odds of wording without a pattern to quote: enough to offer a person for anger, and not
to hand over."""
_NOTHING = -1.5
NEIGHBOURS = 9
"""So many of the nearest examples are looked at on either side."""


@dataclass(frozen=True)
class Examples:
    """Turns that were learned from, as the last of the wording's layers has them; rows of length
    1."""

    wanted: NDArray[np.float32]
    others: NDArray[np.float32]

    def nearness(self, vector: NDArray[np.float32]) -> float:
        """How much nearer the nearest wanted ones are than the nearest others, -1 to 1.

        Args:
            vector: embedding of a turn.
        """
        own = wording(vector)[-self.wanted.shape[1] :]
        wanted, others = (
            float(np.sort(rows @ own)[-NEIGHBOURS:].mean()) for rows in (self.wanted, self.others)
        )
        return wanted - others


@dataclass(frozen=True)
class Weights:
    """In log odds, for each unit of what they weigh."""

    wording: NDArray[np.float32]
    patterns: float
    """Of the patterns that speak for it, together."""
    against: float
    """Of those that speak against it."""
    length: float
    """Of the logarithm of the number of words."""
    offset: float
    near: float = 0.0
    """Of the nearness to the examples."""
    examples: Examples | None = None

    @classmethod
    def of(cls, table: Mapping[str, Any], examples: Examples | None = None) -> Weights:
        """As they stand in the file."""
        names = ("patterns", "against", "length", "offset", "near")
        rest = {name: table[name] for name in names}
        return cls(np.array(table["wording"], np.float32), **rest, examples=examples)

    def odds(
        self, text: str, vector: NDArray[np.float32], patterns: float, against: float
    ) -> float:
        """Log odds of a turn.

        Args:
            vector: its embedding.
            patterns: log odds of the patterns that speak for it.
            against: of those that speak against it, at most 0.
        """
        words = len(text.split())
        odds = (
            self.offset
            + float(wording(vector) @ self.wording)
            + self.patterns * patterns
            + self.against * against
            + self.length * math.log(max(1, words))
        )
        if self.examples is not None:
            odds += self.near * self.examples.nearness(vector)
        if patterns > 0:
            return odds
        return min(odds, ALONE if words >= FEW else _NOTHING)

    def know(self, vector: NDArray[np.float32]) -> bool:
        """Whether the vector is of the embedder that they were learned with."""
        return wording(vector).shape == self.wording.shape
