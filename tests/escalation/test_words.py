"""Anger in the words, on the half of the texts that the lexicon was not tuned on."""

import pytest

from voiceagent.escalation.words import anger_in_words

ANGRY = ("angry", "sarcastic")


def test_insults_complaints_and_threats_are_angry_and_quoted():
    probability, evidence = anger_in_words(
        "This is the third time I call, you are useless and you'll hear from my lawyer.", None
    )
    assert probability > 0.75
    assert any("useless" in sentence for sentence in evidence)
    assert any("lawyer" in sentence for sentence in evidence)


@pytest.mark.parametrize(
    "text",
    [
        "That's wrong, it's four seven.",
        "No, I said four seven one one.",
        "My order number is four seven one one.",
        "I'm not angry, I just want to know where it is.",
        "Thank you so much, that is brilliant!",
        "No, not that one.",
        "",
    ],
)
def test_ordinary_turns_are_not_angry(text):
    assert anger_in_words(text, None)[0] < 0.3


@pytest.mark.models
@pytest.mark.parametrize(
    "text",
    ["stop", "Repeat that.", "What was that?", "go back", "Goodbye.", "Cancel.", "Next one."],
)
def test_a_short_command_is_not_angry_by_what_it_resembles(embedder, prototypes, text):
    assert anger_in_words(text, embedder.one(text), prototypes)[0] < 0.4


def scored(embedder, prototypes):
    from benchmarks import texts

    return [
        (anger_in_words(text, embedder.one(text), prototypes)[0] >= 0.5, label)
        for text, label in texts.load("customer_turns", "test")
    ]


@pytest.mark.models
def test_most_angry_turns_never_tuned_on_are_found_and_few_others(embedder, prototypes):
    found = scored(embedder, prototypes)
    hits = sum(angry for angry, label in found if label in ANGRY)
    alarms = sum(angry for angry, label in found if label not in ANGRY)
    wanted = sum(label in ANGRY for _, label in found)
    assert wanted >= 40
    assert hits / wanted >= 0.8
    assert hits / (hits + alarms) >= 0.85


@pytest.mark.models
def test_calm_dissatisfaction_is_not_anger(embedder, prototypes):
    found = scored(embedder, prototypes)
    calm = [angry for angry, label in found if label in ("dissatisfied", "neutral")]
    assert len(calm) > 100
    assert sum(calm) <= 0.08 * len(calm)
