"""Anger in words, the wish for a person, and who gets nowhere: learned from labelled texts,
measured on others.

    python -m benchmarks.words             figures of every part
    python -m benchmarks.words --mistakes  and the tuning half's mistakes, one a line
    python -m benchmarks.words --bare      by the patterns alone
    python -m benchmarks.words --write     learn, write lexicon/en-weights.json, measure

It is learned from the tuning halves, ``*_training.yaml`` and the prototype sentences. The mistakes
of all other texts are never shown: the test halves, and ``*_later.yaml`` and ``*_fresh.yaml``,
which were written when the patterns stood and tell what new callers may expect. Who gets nowhere
is told from the calm turns of both files; it is measured on the simulated callers' sentences.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import logistic, texts
from benchmarks.results import record
from voiceagent.escalation import lexicon
from voiceagent.escalation.stuck import says_stuck
from voiceagent.escalation.weights import Examples
from voiceagent.escalation.wish import wish_for_person
from voiceagent.escalation.words import anger_in_words
from voiceagent.speech.embedding import MEANING, SentenceEmbedder, wording
from voiceagent.speech.models import EMBEDDING_MODEL, locate

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Part = Literal["tune", "test", "later", "fresh", "training"]
THRESHOLD = 0.5
CURVE = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
RIDGE = 0.1
"""Of the weights of the wording; tried on the texts that are learned from, left out by turns."""
NEAR_SCALE = 10.0
"""Likenesses differ by a tenth or so; the ridge is meant for what differs by one."""
LOOSE = 0.1
"""Of the few weights by which wording and patterns are joined."""
SHARE = {"anger": 1 / 3, "wish": 1 / 3, "stuck": 1 / 9}
"""What share of turns is counted as angry, as asking for a person, and as getting nowhere. Nearly
half are among the texts that are learned from, of those who get nowhere a ninth; in calls it is
less, and who is missed once has another turn."""
CALM = {
    "customer_turns": ("neutral", "joyful", "calm"),
    "wishes": ("not_wish",),
}
"""Labels of the turns in which nobody says that they get nowhere."""
FOLDS = 6
WEIGHTS = Path(lexicon.__file__).with_name("en-weights.json")
WORDS = lexicon.load("en")


class Question(NamedTuple):
    """One of the things that are asked of a text."""

    name: str
    file: str
    positive: tuple[str, ...]
    prototypes: tuple[str, ...]
    patterns: tuple[lexicon.Group, ...]
    contrary: tuple[lexicon.Group, ...]
    detector: Callable[[str, NDArray[np.float32] | None], float]
    near: bool = False
    """Whether a turn is compared with the examples as well."""

    def load(self, part: Part) -> list[tuple[str, str]]:
        """(text, label) of a part."""
        if self.name == "stuck":
            return _of_stuck(part)
        if part in ("tune", "test"):
            return texts.load(self.file, part)
        return texts.load(f"{self.file}_{part}")

    def signs(self, text: str) -> tuple[float, float, float]:
        """What the patterns say for and against it, and the logarithm of the number of words."""
        read = WORDS.read(text)
        patterns = lexicon.together(WORDS.find(read, self.patterns))
        against = [hit.weight for hit in WORDS.find(read, self.contrary)]
        told = sum(against) if self.name == "anger" else min(against, default=0.0)
        return patterns, told, float(np.log(len(text.split())))


def _of_stuck(part: Part) -> list[tuple[str, str]]:
    """Who gets nowhere, beside the calm turns of the same part of the other files."""
    if part == "training":
        calm = [turn for file in CALM for turn in texts.load(file, "tune")]
        calm += [turn for file in CALM for turn in texts.load(f"{file}_training")]
        own = texts.load("stuck_training")
    else:
        calm = [turn for file in CALM for turn in texts.load(file, "test")]
        said = dict.fromkeys({"test": ("hopeless",), "fresh": ("hopeless_fresh",)}.get(part, ()))
        own = [(text, "stuck") for text, kind in texts.load("callers") if kind in said]
    if not own:
        return []
    labels = {label for some in CALM.values() for label in some}
    return own + [(text, "not_stuck") for text, label in calm if label in labels]


QUESTIONS = (
    Question(
        "anger",
        "customer_turns",
        ("angry", "sarcastic"),
        WORDS.anger_prototypes,
        WORDS.anger,
        WORDS.calm,
        lambda text, vector: anger_in_words(text, vector)[0],
    ),
    Question(
        "wish",
        "wishes",
        ("wish",),
        WORDS.wish_prototypes,
        WORDS.wish,
        WORDS.against_wish,
        lambda text, vector: wish_for_person(text, vector).probability,
        near=True,
    ),
    Question(
        "stuck",
        "stuck",
        ("stuck",),
        WORDS.stuck_prototypes,
        WORDS.stuck,
        (),
        lambda text, vector: float(bool(says_stuck(text, vector))),
    ),
)


# -- learning -----------------------------------------------------------------------------------


def views(text: str) -> tuple[str, str, str]:
    """A text as people write it, calmly put, and as a recogniser without punctuation gives it."""
    calm = text.replace("!", ".")
    return text, calm, "".join(sign for sign in calm.lower() if sign not in ".,?")


def learn(question: Question, model: SentenceEmbedder) -> dict[str, Any]:
    """The table of one question.

    The wording's weights come first. How much they and the patterns count together is fitted on
    what the wording says of texts that were left out, among those that no pattern was chosen for.
    """
    known = [(text, label, "tune") for text, label in question.load("tune")]
    known += [(text, question.positive[0], "prototype") for text in question.prototypes]
    known += [(text, label, "training") for text, label in question.load("training")]
    seen = [(view, label, part) for text, label, part in known for view in views(text)]
    vectors = model.embed([view for view, _, _ in seen])
    rows = wording(vectors).astype(np.float64)
    wanted = np.array([label in question.positive for _, label, _ in seen])
    folds = np.repeat(np.random.default_rng(1).integers(0, FOLDS, len(known)), len(views("")))
    left_out, nearness = np.zeros(len(seen)), np.zeros(len(seen))
    for fold in range(FOLDS):
        out = folds == fold
        weights, offset = _ridge(rows[~out], wanted[~out], RIDGE)
        left_out[out] = rows[out] @ weights + offset
        if question.near:
            known_then = _examples(vectors[~out], wanted[~out])
            nearness[out] = [known_then.nearness(vector) for vector in vectors[out]]
    new = np.array([part == "training" for _, _, part in seen])
    signs = np.array([question.signs(view) for view, _, _ in seen])
    joined = np.column_stack([left_out, NEAR_SCALE * nearness, signs])[new]
    found, joint = _ridge(joined, wanted[new], LOOSE)
    share, near, patterns, against, length = found
    prior = SHARE[question.name]
    joint += math.log(prior / (1 - prior)) - math.log(wanted[new].mean() / (~wanted[new]).mean())
    weights, offset = _ridge(rows, wanted, RIDGE)
    left = joined @ found + joint
    if question.near:
        _keep(question.name, _examples(vectors, wanted))
    print(
        f"{question.name}: left out of what is learned from: recall "
        f"{(left[wanted[new]] > 0).mean():.2f}, precision {wanted[new][left > 0].mean():.2f}, "
        f"AUC {logistic.auc(left, wanted[new]):.3f}"
    )
    return {
        "wording": logistic.rounded(share * weights),
        "patterns": round(float(patterns), 4),
        "against": round(float(against), 4),
        "length": round(float(length), 4),
        "near": round(float(NEAR_SCALE * near), 4),
        "offset": round(float(share * offset + joint), 4),
        "texts": len(known),
    }


def _examples(vectors: NDArray[np.float32], wanted: Flags) -> Examples:
    last = wording(vectors)[:, MEANING:]
    return Examples(last[wanted], last[~wanted])


def _keep(name: str, examples: Examples) -> None:
    """Write what a turn is compared with, a byte for each number, and their scale."""
    scale = max(float(np.abs(rows).max()) for rows in (examples.wanted, examples.others)) / 127
    wanted, others = (
        np.round(rows / scale).astype(np.int8) for rows in (examples.wanted, examples.others)
    )
    np.savez_compressed(
        WEIGHTS.with_name(f"en-{name}.npz"), wanted=wanted, others=others, scale=scale
    )


def _ridge(rows: Array, wanted: Flags, ridge: float) -> tuple[Array, float]:
    """Weights and offset of a logistic regression, each text counted once for all its views."""
    design = np.column_stack([rows, np.ones(len(rows))])
    penalty = np.full(design.shape[1], ridge)
    penalty[-1] = 1e-6
    share = 1 / len(views(""))
    found = np.zeros(design.shape[1])
    for _ in range(12):
        guess = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = share * design.T @ (guess - wanted) + penalty * found
        spread = share * guess * (1 - guess) + 1e-9
        found -= np.linalg.solve((design * spread[:, None]).T @ design + np.diag(penalty), slope)
    return found[:-1], float(found[-1])


# -- measuring ----------------------------------------------------------------------------------


def figures(
    probabilities: Array, labels: Iterable[str], positive: tuple[str, ...]
) -> dict[str, Any]:
    """Recall and precision at the threshold that ships and about it, by label, and calibration."""
    named = np.array(list(labels))
    wanted = np.isin(named, positive)

    def at(threshold: float) -> dict[str, float]:
        found = probabilities >= threshold
        return {
            "recall": round(float(found[wanted].mean()), 3),
            "precision": round(float(wanted[found].mean()) if found.any() else 0.0, 3),
        }

    found = probabilities >= THRESHOLD
    bins = np.minimum((probabilities * 10).astype(int), 9)
    gaps = [
        abs(wanted[bins == one].mean() - probabilities[bins == one].mean()) * (bins == one).mean()
        for one in np.unique(bins)
    ]
    return at(THRESHOLD) | {
        "auc": round(logistic.auc(probabilities, wanted), 3),
        "calibration error": round(float(sum(gaps)), 3),
        "found": {
            str(label): f"{found[named == label].sum()}/{(named == label).sum()}"
            for label in np.unique(named)
        },
        "curve": {str(threshold): at(threshold) for threshold in CURVE},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--mistakes", action="store_true", help="show the tuning half's")
    parser.add_argument("--bare", action="store_true", help="judge by the patterns alone")
    parser.add_argument("--write", action="store_true", help="learn, and write the weights")
    options = parser.parse_args()
    model = SentenceEmbedder(locate(EMBEDDING_MODEL))
    if options.write:
        table = {
            "about": "Logistic regressions of anger and of the wish for a person on wording.",
            "provenance": {
                "texts": "benchmarks/data: the tuning halves and *_training.yaml; "
                "en-prototypes.yaml",
                "views": "as written, without exclamation marks, without punctuation",
                "embedding": EMBEDDING_MODEL,
                "script": "python -m benchmarks.words --write",
                "date": datetime.now(UTC).date().isoformat(),
            },
            "tables": {question.name: learn(question, model) for question in QUESTIONS},
        }
        WEIGHTS.write_text(json.dumps(table) + "\n", encoding="utf-8")
        lexicon.load.cache_clear()
    kept = {}
    for question in QUESTIONS:
        for part in ("tune", "test", "later", "fresh"):
            some = question.load(part)
            if not some:
                continue
            vectors = [None] * len(some) if options.bare else model.embed([t for t, _ in some])
            found = np.array(
                [question.detector(text, v) for (text, _), v in zip(some, vectors, strict=True)]
            )
            kept[f"{question.file}, {part}"] = told = figures(
                found, (label for _, label in some), question.positive
            )
            print(f"{question.file}, {part}: " + ", ".join(f"{k} {v}" for k, v in told.items()))
            if options.mistakes and part == "tune":
                for (text, label), probability in zip(some, found, strict=True):
                    if (probability >= THRESHOLD) != (label in question.positive):
                        print(f"  {label}, {probability:.2f}: {text}")
    if not options.bare:
        record("words", kept)


if __name__ == "__main__":
    main()
