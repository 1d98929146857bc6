"""Sentence vectors kept on disk: a dialplan's examples are the same at every start."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from voiceagent.speech.models import EMBEDDING_MODEL, registry, store

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Awaitable[Vectors]]
_FORMAT = 2
"""What the columns of a vector are; with another number the file is made anew."""


class RememberedEmbedder:
    """An embedder that keeps what it has embedded in a file.

    Only for sentences that were written beforehand: what callers say is not to lie on a disk.

    Args:
        embed: gives vectors of shape (n, d) for n sentences.
        model: name of the model and its version; other models' vectors are not mixed in.
        folder: where the file is; it is made anew when it cannot be read.
    """

    def __init__(self, embed: Embed, model: str, folder: Path) -> None:
        self._embed = embed
        name = hashlib.sha256(f"{_FORMAT} {model}".encode()).hexdigest()[:16]
        self._file = folder / f"sentences-{name}.npz"
        self._known = self._read()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), d)."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            vectors = await self._embed(new)
            self._known.update(zip(new, vectors, strict=True))
            self._write()
        return np.stack([self._known[text] for text in texts])

    def _read(self) -> dict[str, Vectors]:
        # A cache that is missing or broken costs a second at the start and nothing else.
        try:
            with np.load(self._file, allow_pickle=False) as kept:
                return dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return {}

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".sentences.", dir=self._file.parent)
            with os.fdopen(handle, "wb") as file:
                np.savez(
                    file,
                    texts=np.array(list(self._known)),
                    vectors=np.stack([*self._known.values()]),
                )
            os.replace(name, self._file)


def remembered(embed: Embed) -> RememberedEmbedder:
    """What the registry's sentence model has embedded, kept beside the models."""
    return RememberedEmbedder(embed, registry()[EMBEDDING_MODEL].model_dump_json(), store())
