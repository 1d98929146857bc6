"""The wish for a person, on the half of the texts that the rules were not tuned on."""

import pytest

from voiceagent.escalation.wish import wish_for_person


@pytest.mark.parametrize(
    "text",
    [
        "I want to speak to a person.",
        "Agent.",
        "Put me through, please.",
        "My order is four seven one one, and can I talk to somebody about the bill?",
        "I'm not talking to a robot.",
        "Let me speak to your manager",
    ],
)
def test_a_wish_is_heard_in_whatever_words(text):
    assert wish_for_person(text, None).probability >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "I don't need an agent, just tell me when you open.",
        "No, I don't want to speak to anyone.",
        "Please don't transfer me.",
    ],
)
def test_a_negated_wish_refuses_a_person(text):
    wish = wish_for_person(text, None)
    assert wish.probability < 0.5
    assert wish.refused


@pytest.mark.models
@pytest.mark.parametrize(
    "text",
    [
        "I don't need an agent, just tell me when you open.",
        "No, I don't want to speak to anyone.",
        "Please don't transfer me.",
        "There's no need to get a person, I only want the price.",
        "You don't have to connect me with a colleague.",
    ],
)
def test_a_negation_holds_against_all_that_was_learned(embedder, prototypes, text):
    wish = wish_for_person(text, embedder.one(text), prototypes)
    assert wish.probability < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "A table for two persons please.",
        "Your agent told me to call.",
        "I want to speak about my bill.",
        "Are you a real person?",
        "I made a bank transfer.",
        "Yes.",
        "",
    ],
)
def test_speaking_about_people_is_no_wish(text):
    wish = wish_for_person(text, None)
    assert wish.probability < 0.5
    assert not wish.refused


def test_the_evidence_quotes_the_caller():
    wish = wish_for_person("Hello, could I speak to a Human please", None)
    assert any("speak to a Human" in sentence for sentence in wish.evidence)


@pytest.mark.models
def test_nearly_every_wish_never_tuned_on_is_found_and_nothing_else(embedder, prototypes):
    from benchmarks import texts

    found = [
        (wish_for_person(text, embedder.one(text), prototypes).probability >= 0.5, label)
        for text, label in texts.load("wishes", "test")
    ]
    hits = sum(wished for wished, label in found if label == "wish")
    alarms = sum(wished for wished, label in found if label != "wish")
    assert hits / sum(label == "wish" for _, label in found) >= 0.85
    assert hits / (hits + alarms) >= 0.88


@pytest.mark.models
@pytest.mark.parametrize("text", ["consultation", "a please.", "that Miller.", "to that", "Anna"])
def test_an_answer_or_what_is_left_of_one_is_no_wish(embedder, prototypes, text):
    assert wish_for_person(text, embedder.one(text), prototypes).probability < 0.3
