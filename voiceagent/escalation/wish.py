"""The wish for a person, in whatever words, and its negation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voiceagent.escalation import lexicon
from voiceagent.escalation.confidence import discounted
from voiceagent.escalation.prototypes import Prototypes

OFFSET = -1.6
MEANING = 5.0
"""Weight of the meaning, in log odds for each unit of a direction's score."""
LEAST = -0.3
"""No meaning speaks more against a wish that was put in words."""
LIKELY = 0.5
"""Belief from which a refusal is taken for one."""


@dataclass(frozen=True)
class Wish:
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
    odds = OFFSET + sum(hit.weight / (1 if rank == 0 else 2) for rank, hit in enumerate(wanted))
    odds += min((hit.weight for hit in against), default=0.0)
    evidence = [f"{hit.says}: “{hit.quote}”" for hit in (*wanted, *against)]
    meaning = LEAST
    if prototypes is not None and vector is not None:
        meaning = max(LEAST, prototypes.wish.score(vector))
    odds += MEANING * meaning
    probability = discounted(1 / (1 + math.exp(-odds)), belief)
    refused = odds < 0 and belief >= LIKELY and any(hit.refuses for hit in against)
    return Wish(probability, refused, tuple(evidence))
