"""Whether a caller asks for the same thing again."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from voiceagent.events import Expectation, Understanding
from voiceagent.speech.embedding import meaning

REMEMBERED = 8
SAME = 0.85
"""Cosine similarity from which two turns say the same."""
MIN_WORDS = 4
"""A shorter turn is an answer and may be given any number of times."""


class Repetition:
    """The requests of one call that have not been met."""

    def __init__(self) -> None:
        self._requests: deque[tuple[str, NDArray[np.float32] | None]] = deque(maxlen=REMEMBERED)

    def hear(
        self,
        text: str,
        vector: NDArray[np.float32] | None,
        understanding: Understanding,
        expecting: Expectation | None,
    ) -> int:
        """How many earlier turns asked for the same; 0 for the first and for plain answers."""
        answer = expecting is not None and expecting.kind in understanding.entities
        if answer or len(text.split()) < MIN_WORDS:
            return 0
        vector = None if vector is None else meaning(vector)
        plain = " ".join(text.lower().split()).strip(" .!?")
        count = sum(self._same(plain, vector, *request) for request in self._requests)
        self._requests.append((plain, vector))
        return count

    def forget(self) -> None:
        """What was asked was met."""
        self._requests.clear()

    @staticmethod
    def _same(
        text: str,
        vector: NDArray[np.float32] | None,
        other: str,
        other_vector: NDArray[np.float32] | None,
    ) -> bool:
        if vector is None or other_vector is None:
            return text == other
        lengths = float(np.linalg.norm(vector) * np.linalg.norm(other_vector))
        return float(vector @ other_vector) >= SAME * max(lengths, 1e-9)
