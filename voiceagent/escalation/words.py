"""Anger in what was said, whatever the voice did."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from voiceagent.escalation import lexicon
from voiceagent.escalation.prototypes import Prototypes

BARE = -2.5
"""Log odds of words that meet no pattern, where there is nothing else to judge them by."""


def anger_in_words(
    text: str,
    vector: NDArray[np.float32] | None,
    prototypes: Prototypes | None = None,
    language: str = "en",
) -> tuple[float, tuple[str, ...]]:
    """The probability that the words are angry, and the words that say so.

    Args:
        text: what the recogniser made of one turn.
        vector: its sentence embedding; without it, or in a language of which nothing was learned,
            the patterns decide alone.
        prototypes: the language's prototype sentences, to be quoted.
        language: language of the lexicon where there are no prototypes to say it.
    """
    words = lexicon.load(prototypes.language if prototypes else language)
    read = words.read(text)
    if not read.plain:
        return 0.0, ()
    angry = sorted(words.find(read, words.anger), key=lambda hit: -hit.weight)
    patterns = lexicon.together(angry)
    against = sum(hit.weight for hit in words.find(read, words.calm))
    learned = words.anger_weights
    evidence = [f"{hit.says}: “{hit.quote}”" for hit in angry]
    if vector is not None and learned is not None and learned.know(vector):
        odds = learned.odds(text, vector, patterns, against)
        if prototypes is not None and odds > 0 and not evidence:
            evidence.append(f"means something like “{prototypes.anger.nearest(vector)}”")
    else:
        odds = BARE + patterns + against
    return 1 / (1 + math.exp(-odds)), tuple(evidence)
