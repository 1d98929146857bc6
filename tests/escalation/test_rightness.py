"""How probably a text is what was said."""

from __future__ import annotations

import pytest

from voiceagent.escalation.rightness import kind, measures, rightness
from voiceagent.events import Expectation, Utterance, Word

SIX = Expectation(kind="digits", min_digits=6, max_digits=6)


def heard(text: str, *confidences: float, **fields) -> Utterance:
    words = text.split()
    confidences = confidences or (0.95,) * len(words)
    return Utterance(
        text=text,
        end_s=0.4 * len(words) + 0.2,
        confidence=fields.pop("confidence", sum(confidences) / len(confidences)),
        words=tuple(
            Word(word=word, start_s=0.4 * i, end_s=0.4 * i + 0.35, confidence=confidence)
            for i, (word, confidence) in enumerate(zip(words, confidences, strict=True))
        ),
        **{"least_likely": min(confidences), **fields},
    )


def test_a_plain_sentence_is_probably_right() -> None:
    assert rightness(heard("Where is my order, please?")) > 0.7


@pytest.mark.parametrize("text", ["Where is my order, please?", "Yes please.", "4 7 1 2 2 9"])
def test_doubt_about_words_lowers_it(text: str) -> None:
    asked = SIX if text[0].isdigit() else None
    count = len(text.split())
    sure, unsure = heard(text, *[0.97] * count), heard(text, *[0.35] * count)
    assert rightness(unsure, asked) < rightness(sure, asked) - 0.1


def test_one_doubtful_word_lowers_it() -> None:
    doubtful = heard("Where is my order, please?", 0.95, 0.95, 0.95, 0.1, 0.95)
    assert rightness(doubtful) < rightness(heard("Where is my order, please?"))


def test_an_engine_without_confidence_gets_none() -> None:
    assert rightness(Utterance(text="Where is my order?")) is None


def test_what_an_engine_does_not_tell_speaks_neither_for_nor_against() -> None:
    told = heard("Where is my order, please?")
    untold = told.model_copy(update={"least_likely": None})
    probability = rightness(untold)
    assert probability is not None
    doubtful = heard("Where is my order, please?", least_likely=0.05)
    assert rightness(doubtful) < probability


def test_without_words_the_engine_s_own_confidence_stands() -> None:
    assert rightness(Utterance(text="Where is my order?", confidence=0.4)) == 0.4


def test_keys_are_certain() -> None:
    assert rightness(Utterance(text="471229", confidence=1.0, engine="dtmf"), SIX) == 1.0


def test_each_turn_has_its_table() -> None:
    assert kind(heard("4 7 1 2 2 9"), SIX) == "number"
    assert kind(heard("47-1229."), SIX) == "number"
    assert kind(heard("4 7 1 2 2 9"), None) == "sentence"
    assert kind(heard("Yes please."), SIX) == "short"


def test_fit_and_agreement_are_measured() -> None:
    assert measures(heard("4 7 1 2 2 9"), SIX)["fits"] == 1.0
    assert measures(heard("4 7 1"), SIX)["fits"] == 0.0
    assert measures(heard("a b", alternatives=("a b",)), None)["agreement"] == 1.0
    assert measures(heard("a b", alternatives=("x y",)), None)["agreement"] < 0.6


def test_probabilities_stay_probabilities_at_the_extremes() -> None:
    for confidence in (0.0, 1.0):
        probability = rightness(heard("a b c", *[confidence] * 3, least_likely=0.0))
        assert 0.0 < probability < 1.0
