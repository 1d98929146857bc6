"""Sentence embeddings."""

from pathlib import Path

import numpy as np
import pytest

from voiceagent.speech.embedding import SentenceEmbedder, meaning, wording
from voiceagent.speech.models import ModelError, locate


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no sentence embedding model"):
        SentenceEmbedder(tmp_path)


@pytest.fixture(scope="module")
def embedder() -> SentenceEmbedder:
    return SentenceEmbedder(locate("minilm-l6"))


@pytest.mark.models
def test_vectors_have_length_one(embedder: SentenceEmbedder) -> None:
    vectors = embedder.embed(["Where is my parcel?", "x", ""])
    assert vectors.shape == (3, 1152)
    assert vectors.dtype == np.float32
    assert meaning(vectors).shape == (3, 384)
    assert wording(vectors).shape == (3, 768)
    for layer in np.split(vectors, 3, axis=1):
        assert np.allclose(np.linalg.norm(layer, axis=1), 1.0, atol=1e-5)


@pytest.mark.models
def test_wording_tells_apart_what_means_nearly_the_same(embedder: SentenceEmbedder) -> None:
    vectors = embedder.embed(["Could you send it today, please?", "You send it today, understood?"])
    one, other = meaning(vectors)
    assert one @ other > 0.7
    assert not np.allclose(wording(vectors)[0], wording(vectors)[1], atol=0.02)


@pytest.mark.models
def test_sentences_of_like_meaning_are_nearer(embedder: SentenceEmbedder) -> None:
    asked, meant, other = meaning(
        embedder.embed(
            [
                "When will my package arrive?",
                "What is the delivery date of my parcel?",
                "I would like to cancel my contract.",
            ]
        )
    )
    assert asked @ meant > asked @ other + 0.3


@pytest.mark.models
def test_company_in_a_batch_does_not_change_a_vector(embedder: SentenceEmbedder) -> None:
    short = "Stop."
    alone = embedder.embed([short])[0]
    batch = embedder.embed([short, "a much longer sentence that needs padding beside it"] * 20)
    assert np.allclose(batch[0], alone, atol=1e-5)
    assert np.allclose(batch[38], alone, atol=1e-5)


@pytest.mark.models
def test_no_sentences_give_no_vectors(embedder: SentenceEmbedder) -> None:
    assert embedder.embed([]).shape == (0, 1152)
