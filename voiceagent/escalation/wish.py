"""The wish for a person, in whatever words, and its negation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voiceagent.escalation import lexicon
from voiceagent.escalation.confidence import discounted
from voiceagent.escalation.prototypes import Prototypes

BARE = -3.1
"""Log odds of words that meet no pattern, where there is nothing else to judge them by."""
LIKELY = 0.5
"""Belief from which a refusal is taken for one."""


@dataclass(frozen=True)
class Wish:
    """Whether the caller wants a person."""

    probability: float
    refused: bool = False
    """The caller said that no person is needed."""
    evidence: tuple[str, ...] = ()


def wish_for_person(
    text: str,
    vector: NDArray[np.float32] | None,
    prototypes: Prototypes | None = None,
    language: str = "en",
    *,
    belief: float = 1.0,
) -> Wish:
    """How probably the caller asks for a person in this turn.

    Args:
        text, vector, prototypes, language: as in `words`.
        belief: how far the text is believed, 0 to 1.
    """
    words = lexicon.load(prototypes.language if prototypes else language)
    read = words.read(text)
    if not read.plain:
        return Wish(0.0)
    wanted = sorted(words.find(read, words.wish), key=lambda hit: -hit.weight)
    against = words.find(read, words.against_wish)
    patterns = lexicon.together(wanted)
    contrary = min((hit.weight for hit in against), default=0.0)
    evidence = [f"{hit.says}: “{hit.quote}”" for hit in (*wanted, *against)]
    learned = words.wish_weights
    if vector is not None and learned is not None and learned.know(vector):
        odds = learned.odds(text, vector, patterns, contrary)
        if prototypes is not None and odds > 0 and not wanted:
            evidence.append(
                f"asks for a person in other words, like “{prototypes.wish.nearest(vector)}”"
            )
    else:
        odds = BARE + patterns + contrary
    probability = discounted(1 / (1 + math.exp(-odds)), belief)
    refused = odds < 0 and belief >= LIKELY and any(hit.refuses for hit in against)
    return Wish(probability, refused, tuple(evidence))
