"""Sentence embeddings: all-MiniLM-L6-v2 in numpy.

The model is a BERT encoder of 6 layers (Devlin et al., 2019) whose token vectors are averaged
and scaled to length 1 (Reimers and Gurevych, 2019). At the length of a caller's sentence numpy
is fast enough, and torch with its two gigabytes stays out of the house.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from scipy.special import erf
from tokenizers import Tokenizer

from voiceagent.speech.models import ModelError

Floats = NDArray[np.float32]

MEANING = 384
"""Columns of a vector that tell the meaning; those after them tell the wording."""
_WORDING = (2, 4)
"""The layers, of six, whose token vectors are averaged for the wording."""
_MAX_TOKENS = 256
_BATCH = 32


class SentenceEmbedder:
    """Turns sentences into vectors.

    The first 384 columns are the meaning, of length 1: their dot product is the likeness of two
    sentences. What follows, 384 columns for each of two inner layers and each of length 1, is the
    wording: the last layer is trained to forget how something was said, and keeps less of a tone.

    Safe to use from several threads at once.

    Raises:
        ModelError: the folder does not hold such a model.
    """

    def __init__(self, folder: Path) -> None:
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            self._weights: dict[str, Floats] = load_file(folder / "model.safetensors")
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:
            raise ModelError(
                f"{folder} holds no sentence embedding model that can be read: {error}"
            ) from error
        self._layers = int(config["num_hidden_layers"])
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])
        self.dimensions = (1 + len(_WORDING)) * int(config["hidden_size"])
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._tokenizer.enable_padding()

    def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors of shape (len(texts), 1152): meaning, then wording."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = list(texts[start : start + _BATCH])
            vectors[start : start + len(batch)] = self._embed_batch(batch)
        return vectors

    def _embed_batch(self, texts: list[str]) -> Floats:
        encodings = self._tokenizer.encode_batch(texts)
        ids = np.array([encoding.ids for encoding in encodings])
        mask = np.array([encoding.attention_mask for encoding in encodings], np.float32)
        hidden = self._embeddings(ids)
        bias = ((1.0 - mask) * np.float32(-1e9))[:, None, None, :]
        wording = []
        for number in range(self._layers):
            hidden = self._layer(f"encoder.layer.{number}", hidden, bias)
            if number + 1 in _WORDING:
                wording.append(_pooled(hidden, mask))
        return np.hstack([_pooled(hidden, mask), *wording])

    def _embeddings(self, ids: NDArray[np.int64]) -> Floats:
        word = self._weights["embeddings.word_embeddings.weight"][ids]
        position = self._weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        kind = self._weights["embeddings.token_type_embeddings.weight"][0]
        return self._norm("embeddings.LayerNorm", word + position + kind)

    def _layer(self, name: str, hidden: Floats, bias: Floats) -> Floats:
        attended = self._dense(f"{name}.attention.output.dense", self._attend(name, hidden, bias))
        hidden = self._norm(f"{name}.attention.output.LayerNorm", hidden + attended)
        inner = self._dense(f"{name}.intermediate.dense", hidden)
        inner *= np.float32(0.5) * (np.float32(1.0) + erf(inner * np.float32(2.0**-0.5)))
        outer = self._dense(f"{name}.output.dense", inner)
        return self._norm(f"{name}.output.LayerNorm", hidden + outer)

    def _attend(self, name: str, hidden: Floats, bias: Floats) -> Floats:
        count, length, width = hidden.shape
        size = width // self._heads
        query, key, value = (
            self._dense(f"{name}.attention.self.{part}", hidden)
            .reshape(count, length, self._heads, size)
            .transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) * np.float32(size**-0.5) + bias
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        return np.asarray((weights @ value).transpose(0, 2, 1, 3).reshape(count, length, width))

    def _dense(self, name: str, values: Floats) -> Floats:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return np.asarray(values @ weight.T + bias)

    def _norm(self, name: str, values: Floats) -> Floats:
        centred = values - values.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + self._epsilon)
        scale, shift = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return np.asarray(centred / spread * scale + shift, np.float32)


def meaning(vectors: Floats) -> Floats:
    """The columns whose dot product is likeness in meaning."""
    return vectors[..., :MEANING]


def wording(vectors: Floats) -> Floats:
    """The columns that tell how something was said; none from another embedder."""
    return vectors[..., MEANING:]


def _pooled(hidden: Floats, mask: Floats) -> Floats:
    """The mean over the tokens, of length 1."""
    mean = (hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    return np.asarray(mean / np.linalg.norm(mean, axis=1, keepdims=True), np.float32)


class LocalEmbedder:
    """The model in this process, for those who await an embedder: no audio is due here."""

    def __init__(self, model: SentenceEmbedder) -> None:
        self._model = model

    async def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors of shape (len(texts), 1152): meaning, then wording."""
        return self._model.embed(texts)
