"""Sentences that mean anger or the wish for a person, to quote what a caller's words are like."""

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

    @classmethod
    async def create(cls, embedder: Embedder, language: str = "en") -> Prototypes:
        """Embed a language's prototype sentences."""
        words = lexicon.load(language)
        anger, wish = words.anger_prototypes, words.wish_prototypes
        vectors = meaning(await embedder.embed([*anger, *wish]))
        return cls(
            language,
            Sentences(anger, vectors[: len(anger)]),
            Sentences(wish, vectors[len(anger) :]),
        )
