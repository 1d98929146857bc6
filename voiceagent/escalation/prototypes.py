"""Sentences of anger, of wishes for a person and of callers who get nowhere, to quote what a
caller's words are like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voiceagent.escalation import lexicon
from voiceagent.speech.embedding import meaning

if TYPE_CHECKING:
    from voiceagent.dialogue.understanding import Embedder


@dataclass(frozen=True)
class Sentences:
    """Sentences and what they mean."""

    texts: tuple[str, ...]
    vectors: NDArray[np.float32]
    """Their embeddings, sentences × dimensions."""

    def nearest(self, vector: NDArray[np.float32]) -> str:
        """The sentence nearest in meaning."""
        return self.texts[int(np.argmax(self.vectors @ meaning(vector)))]


@dataclass(frozen=True)
class Prototypes:
    """The prototype sentences of a language, embedded once and shared by all calls."""

    language: str
    anger: Sentences
    wish: Sentences
    stuck: Sentences

    @classmethod
    async def create(cls, embedder: Embedder, language: str = "en") -> Prototypes:
        """Embed a language's prototype sentences."""
        words = lexicon.load(language)
        sets = (words.anger_prototypes, words.wish_prototypes, words.stuck_prototypes)
        vectors = meaning(await embedder.embed([text for texts in sets for text in texts]))
        ends = np.cumsum([len(texts) for texts in sets])[:-1]
        parts = np.split(vectors, ends)
        return cls(language, *(Sentences(*part) for part in zip(sets, parts, strict=True)))
