"""Measure anger in words and the wish for a person on the labelled texts.

    python -m benchmarks.words                    figures of both halves
    python -m benchmarks.words --mistakes         and the tuning half's mistakes, one a line
    python -m benchmarks.words --without-meaning  by the lexicon alone

The mistakes of the test half are never shown, nor those of the texts that were written after the
detectors (``*_later.yaml``): they tell what new callers may expect.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from benchmarks import texts
from benchmarks.results import record
from voiceagent.escalation.prototypes import Prototypes
from voiceagent.escalation.wish import wish_for_person
from voiceagent.escalation.words import anger_in_words
from voiceagent.speech.embedding import SentenceEmbedder
from voiceagent.speech.models import locate

Vector = NDArray[np.float32]
THRESHOLD = 0.5
FILES = {"customer_turns": ("angry", "sarcastic"), "wishes": ("wish",)}


class Embedder:
    """The packaged embedder, in this process."""

    def __init__(self) -> None:
        self._model = SentenceEmbedder(locate("minilm-l6"))

    async def embed(self, sentences: Sequence[str]) -> Vector:
        return self._model.embed(list(sentences))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--mistakes", action="store_true")
    parser.add_argument("--without-meaning", action="store_true")
    options = parser.parse_args()
    embedder = Embedder()
    prototypes = None if options.without_meaning else asyncio.run(Prototypes.create(embedder))

    def anger(text: str, vector: Vector | None) -> float:
        return anger_in_words(text, vector, prototypes)[0]

    def wish(text: str, vector: Vector | None) -> float:
        return wish_for_person(text, vector, prototypes).probability

    detectors: dict[str, Callable[[str, Vector | None], float]] = {
        "customer_turns": anger,
        "wishes": wish,
    }
    kept: dict[str, str] = {}
    for name, positive in FILES.items():
        parts = {half: texts.load(name, half) for half in get_args(texts.Half)}
        for half, some in {**parts, "later": texts.load(f"{name}_later")}.items():
            found = []
            for text, label in some:
                vector = asyncio.run(embedder.embed([text]))[0] if prototypes else None
                probability = detectors[name](text, vector)
                found.append((probability >= THRESHOLD, label))
                mistaken = (probability >= THRESHOLD) != (label in positive)
                if options.mistakes and half == "tune" and mistaken:
                    print(f"  {label}, {probability:.2f}: {text}")
            figures = _figures(found, positive)
            kept[f"{name}, {half}"] = figures
            print(f"{name}, {half}: {figures}")
    if prototypes is not None:
        record("words", kept)


def _figures(found: list[tuple[bool, str]], positive: tuple[str, ...]) -> str:
    hits = sum(yes for yes, label in found if label in positive)
    alarms = sum(yes for yes, label in found if label not in positive)
    wanted = sum(label in positive for _, label in found)
    labels = sorted({label for _, label in found})
    parts = ", ".join(
        f"{label} {sum(yes for yes, at in found if at == label)}"
        f"/{sum(at == label for _, at in found)}"
        for label in labels
    )
    return f"recall {hits / wanted:.2f}, precision {hits / max(hits + alarms, 1):.2f} ({parts})"


if __name__ == "__main__":
    main()
