"""Anger in what was said, whatever the voice did."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from voiceagent.escalation import lexicon
from voiceagent.escalation.prototypes import Prototypes

OFFSET = -1.0
MEANING = 5.0
"""Weight of the meaning, in log odds for each unit of a direction's score."""
LEAST = -0.3
"""No meaning speaks more against anger than this: sarcasm means something friendly. It is also
what counts where there is no embedding."""
WORDS = 6
"""A turn of fewer words means little by itself: "stop" and "go back" are near to anything."""
PLAIN = 0.3
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
    meaning = LEAST
    if prototypes is not None and vector is not None:
        meaning = max(LEAST, prototypes.anger.score(vector))
        if meaning > 0:
            meaning *= min(1.0, (len(text.split()) - 1) / (WORDS - 1))
        if meaning > PLAIN:
            evidence.append(f"means something like “{prototypes.anger.nearest(vector)}”")
    odds += MEANING * meaning
    return 1 / (1 + math.exp(-odds)), tuple(evidence)
