"""How probably a recognised text is what was said: a calibrated probability.

A logistic regression on what the recogniser tells of its own doubt. Turns of one or two words
have a table of their own, since there the average over words says little, and so have numbers
that were asked for. ``benchmarks/confidence.py`` trains and measures it; figures and origin stand
in ``rightness_model.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any, Literal

from voiceagent.events import Expectation, Utterance, Word

MODEL = Path(__file__).with_name("rightness_model.json")
Kind = Literal["number", "short", "sentence"]
SHORT = 2
"""A turn of so many words at most is short."""
_DOUBTFUL = 0.6
_LEAST = 0.001
_LIMIT = 4.0
"""No measure counts further than this many deviations from its mean."""
_NO_ANSWER = frozenset(
    ["a", "all", "and", "hey", "hmm", "i", "of", "oh", "so", "the", "to", "uh", "um", "you"]
)
"""Words that nobody answers with alone, but that a recogniser makes of a lone syllable."""
_LETTERS_A_DIGIT = 4
"""Of its name."""


def rightness(utterance: Utterance, asked: Expectation | None = None) -> float | None:
    """The probability that every word is right.

    Returns:
        None where the recogniser tells nothing of its doubt.
    """
    if utterance.confidence is None:
        return None
    if not utterance.words:
        return utterance.confidence
    table = _tables()[kind(utterance, asked)]
    measured = measures(utterance, asked)
    odds: float = table["offset"]
    for name, mean, scale, weight in zip(
        table["measures"], table["means"], table["scales"], table["weights"], strict=True
    ):
        value = measured[name]
        # What an engine does not tell speaks neither for nor against.
        if value is not None:
            odds += weight * max(-_LIMIT, min(_LIMIT, (value - mean) / scale))
    return 1 / (1 + math.exp(-odds))


def kind(utterance: Utterance, asked: Expectation | None) -> Kind:
    """Which table a turn belongs to."""
    said = [letter for letter in utterance.text if letter.isalnum()]
    if asked is not None and asked.kind == "digits" and all(map(str.isdigit, said)):
        return "number"
    return "short" if len(utterance.words) <= SHORT else "sentence"


def measures(utterance: Utterance, asked: Expectation | None) -> dict[str, float | None]:
    """What tells right from wrong, by name; None for what the engine does not tell."""
    confidences = [word.confidence for word in utterance.words if word.confidence is not None]
    confidences = confidences or [utterance.confidence or 0.0]
    words = [_plain(word.word) for word in utterance.words]
    letters = _letters(utterance.text)
    first, last = utterance.words[0], utterance.words[-1]
    duration_s = max(utterance.end_s - utterance.start_s, last.end_s, 0.1)
    spoken_s = max(last.end_s - first.start_s, 0.1)
    least = utterance.least_likely
    return {
        "lowest": _odds(min(confidences)),
        "first": _odds(confidences[0]),
        "last": _odds(confidences[-1]),
        "mean": _odds(sum(confidences) / len(confidences)),
        "tokens": _odds(utterance.confidence or 0.0),
        "least_likely": None if least is None else _odds(least),
        "doubtful": math.log(1 + sum(confidence < _DOUBTFUL for confidence in confidences)),
        "words": math.log(len(words)),
        "pace": len(words) / spoken_s,
        "letters": math.log(letters / duration_s + 1),
        "hastiest": math.log(_LEAST + min(map(_letter_s, utterance.words))),
        "after": max(0.0, duration_s - last.end_s),
        "repeated": 1 - len(set(words)) / len(words),
        "figures": float(any(map(str.isdigit, utterance.text))),
        "no_answer": float(_NO_ANSWER.issuperset(words)),
        "agreement": _agreement(utterance.text, utterance.alternatives),
        "fits": _fits(utterance.text, asked),
    }


def _agreement(text: str, alternatives: Sequence[str]) -> float:
    """Likeness of the nearest other reading, 1 where there is none."""
    if not alternatives:
        return 1.0
    return SequenceMatcher(None, _plain(text), _plain(alternatives[0]), autojunk=False).ratio()


def _letter_s(word: Word) -> float:
    """Seconds for each letter of a word."""
    return max(0.0, word.end_s - word.start_s) / max(1, _letters(word.word))


def _letters(text: str) -> int:
    """Letters, of a digit those of its name."""
    return sum(_LETTERS_A_DIGIT if letter.isdigit() else 1 for letter in _plain(text))


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum() or letter == " ").strip()


def _fits(text: str, asked: Expectation | None) -> float:
    """Whether as many digits were said as were asked for."""
    if asked is None or asked.kind != "digits":
        return 0.0
    count = sum(map(str.isdigit, text))
    return float((asked.min_digits or 1) <= count <= (asked.max_digits or 40))


def _odds(probability: float) -> float:
    probability = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(probability / (1 - probability))


@cache
def _tables() -> Mapping[str, Any]:
    tables: dict[str, Any] = json.loads(MODEL.read_text(encoding="utf-8"))["tables"]
    return tables
