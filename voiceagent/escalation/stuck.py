"""That a call gets nowhere, as far as the caller says so: not understood, or not helped."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voiceagent.escalation import lexicon
from voiceagent.escalation.prototypes import Prototypes


def says_stuck(
    text: str,
    vector: NDArray[np.float32] | None,
    prototypes: Prototypes | None = None,
    language: str = "en",
) -> tuple[str, ...]:
    """How the caller says that they are not understood or not helped; empty where they do not.

    Args:
        text, vector, prototypes, language: as in `words`.
    """
    words = lexicon.load(prototypes.language if prototypes else language)
    hits = words.find(words.read(text), words.stuck)
    if hits:
        return tuple(f"{hit.says}: “{hit.quote}”" for hit in hits)
    learned = words.stuck_weights
    if vector is None or learned is None or not learned.know(vector):
        return ()
    if learned.odds(text, vector, 0.0, 0.0) <= 0:
        return ()
    like = f", like “{prototypes.stuck.nearest(vector)}”" if prototypes else ""
    return (f"says in other words that they get nowhere{like}",)
