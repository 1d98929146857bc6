"""Sentence vectors kept on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceagent.speech.remembered import RememberedEmbedder


class Counting:
    """An embedder that counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([[len(text), 1.0] for text in texts], np.float32)


async def test_a_sentence_is_embedded_once_even_over_restarts(tmp_path: Path) -> None:
    inner = Counting()
    for _ in range(2):
        vectors = await RememberedEmbedder(inner.embed, "m1", tmp_path).embed(["a", "bb", "a"])
        assert vectors.tolist() == [[1, 1], [2, 1], [1, 1]]
    assert inner.asked == ["a", "bb"]


async def test_another_model_starts_anew(tmp_path: Path) -> None:
    inner = Counting()
    await RememberedEmbedder(inner.embed, "m1", tmp_path).embed(["a"])
    await RememberedEmbedder(inner.embed, "m2", tmp_path).embed(["a"])
    assert inner.asked == ["a", "a"]


def break_the_file(folder: Path) -> None:
    (file,) = folder.glob("sentences-*.npz")
    file.write_bytes(file.read_bytes()[:20])


async def test_a_broken_file_is_made_anew(tmp_path: Path) -> None:
    inner = Counting()
    await RememberedEmbedder(inner.embed, "m1", tmp_path).embed(["a"])
    break_the_file(tmp_path)
    assert (await RememberedEmbedder(inner.embed, "m1", tmp_path).embed(["a"])).tolist() == [[1, 1]]
    assert (await RememberedEmbedder(inner.embed, "m1", tmp_path).embed(["a"])).tolist() == [[1, 1]]
    assert inner.asked == ["a", "a"]


async def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    file = tmp_path / "not-a-folder"
    file.touch()
    vectors = await RememberedEmbedder(Counting().embed, "m1", file).embed(["abc"])
    assert vectors.tolist() == [[3, 1]]
