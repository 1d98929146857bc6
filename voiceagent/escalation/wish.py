"""The wish for a person, in whatever words, and its negation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voiceagent.escalation import lexicon
from voiceagent.escalation.prototypes import Prototypes

OFFSET = -1.6
MEANING = 5.0
"""Weight of the meaning, in log odds for each unit of a direction's score."""
LEAST = -0.3
"""No meaning speaks more against a wish that was put in words."""


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
) -> Wish:
    """How probably the caller asks for a person in this turn; arguments as in `words`."""
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
    probability = 1 / (1 + math.exp(-odds))
    refused = probability < 0.5 and any(hit.refuses for hit in against)
    return Wish(probability, refused, tuple(evidence))
