"""Anger in what was said, whatever the voice did."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from voiceagent.escalation import lexicon
from voiceagent.escalation.prototypes import Prototypes

OFFSET = -2.6
MEANING = 1.8
"""Weight of the meaning, in log odds for each unit of a direction's score."""
PLAIN = 0.9
"""A meaning score worth naming as evidence."""


def anger_in_words(
    text: str,
    vector: NDArray[np.float32] | None,
    prototypes: Prototypes | None = None,
    language: str = "en",
) -> tuple[float, tuple[str, ...]]:
    """The probability that the words are angry, and the words that say so.

    Args:
        text: what the recogniser made of one turn.
        vector: its sentence embedding; without it, or without prototypes, the lexicon decides
            alone.
        prototypes: the language's prototype sentences.
        language: language of the lexicon where there are no prototypes to say it.
    """
    words = lexicon.load(prototypes.language if prototypes else language)
    read = words.read(text)
    if not read.plain:
        return 0.0, ()
    angry = sorted(words.find(read, words.anger), key=lambda hit: -hit.weight)
    calm = words.find(read, words.calm)
    # The strongest sign counts in full, each further one half.
    odds = OFFSET + sum(hit.weight / (1 if rank == 0 else 2) for rank, hit in enumerate(angry))
    odds += sum(hit.weight for hit in calm)
    evidence = [f"{hit.says}: “{hit.quote}”" for hit in angry]
    if prototypes is not None and vector is not None:
        meaning = prototypes.anger.score(vector)
        odds += MEANING * meaning
        if meaning > PLAIN:
            evidence.append(f"means much the same as “{prototypes.anger.nearest(vector)}”")
    return 1 / (1 + math.exp(-odds)), tuple(evidence)
