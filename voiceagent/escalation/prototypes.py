"""What anger and the wish for a person mean, as directions in the embedding space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voiceagent.escalation import lexicon

if TYPE_CHECKING:
    from voiceagent.dialogue.understanding import Embedder

RIDGE = 1.0


@dataclass(frozen=True)
class Direction:
    """A ridge classifier over prototype sentences, which are kept to be quoted."""

    sentences: tuple[str, ...]
    """The positive prototypes."""
    vectors: NDArray[np.float32]
    """Their embeddings, prototypes × dimensions, each of length 1."""
    weights: NDArray[np.float32]
    offset: float

    def score(self, vector: NDArray[np.float32]) -> float:
        """About +1 for what means the same as the positive prototypes, -1 for the negative."""
        return float(_unit(vector) @ self.weights) + self.offset

    def nearest(self, vector: NDArray[np.float32]) -> str:
        """The positive prototype nearest in meaning."""
        return self.sentences[int(np.argmax(self.vectors @ _unit(vector)))]


@dataclass(frozen=True)
class Prototypes:
    """The prototype sentences of a language, embedded once and shared by all calls."""

    language: str
    anger: Direction
    wish: Direction

    @classmethod
    async def create(cls, embedder: Embedder, language: str = "en") -> Prototypes:
        """Embed a language's prototype sentences."""
        words = lexicon.load(language)
        both = (words.anger_prototypes, words.wish_prototypes)
        sentences = [text for pair in both for half in pair for text in half]
        vectors = _unit(np.asarray(await embedder.embed(sentences), dtype=np.float32))
        directions, at = [], 0
        for positive, negative in both:
            count = len(positive) + len(negative)
            directions.append(_direction(positive, vectors[at : at + count]))
            at += count
        return cls(words.language, *directions)


def _direction(positive: tuple[str, ...], vectors: NDArray[np.float32]) -> Direction:
    wanted = np.where(np.arange(len(vectors)) < len(positive), 1.0, -1.0)
    mean, offset = vectors.mean(axis=0), wanted.mean()
    centred = vectors - mean
    gram = centred @ centred.T + RIDGE * np.eye(len(vectors))
    weights = centred.T @ np.linalg.solve(gram, wanted - offset)
    return Direction(
        positive,
        vectors[: len(positive)],
        weights.astype(np.float32),
        float(offset - mean @ weights),
    )


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.float32(1e-9)), dtype=np.float32)
