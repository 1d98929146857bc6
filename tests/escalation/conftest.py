import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from voiceagent.escalation.prototypes import Prototypes

# The labelled texts and the corpora belong to the benchmarks, which are not installed.
sys.path.insert(0, str(Path(__file__).parents[2]))


class RealEmbedder:
    """The packaged sentence embedder, in this process."""

    def __init__(self) -> None:
        from voiceagent.speech.embedding import SentenceEmbedder
        from voiceagent.speech.models import locate

        self._model = SentenceEmbedder(locate("minilm-l6"))
        self.one = cache(self._one)

    async def embed(self, texts):
        return self._model.embed(list(texts))

    def _one(self, text):
        return self._model.embed([text])[0]


class WordEmbedder:
    """Counts words: like texts have like vectors, and nothing more."""

    async def embed(self, texts):
        return np.stack([self.one(text) for text in texts])

    def one(self, text):
        vector = np.full(256, 1e-3, dtype=np.float32)
        for word in text.lower().replace(".", "").replace(",", "").split():
            vector[sum(map(ord, word)) % 256] += 1
        return vector / np.linalg.norm(vector)


@pytest.fixture(scope="session")
def embedder():
    return RealEmbedder()


@pytest.fixture(scope="session")
def word_embedder():
    return WordEmbedder()


@pytest.fixture(scope="session")
def prototypes(embedder):
    import asyncio

    return asyncio.run(Prototypes.create(embedder))
