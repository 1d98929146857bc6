"""Who says that the call gets nowhere."""

import pytest

from voiceagent.escalation.stuck import says_stuck


def test_a_pattern_quotes_what_was_said():
    assert says_stuck("That doesn't help me, I'm afraid.", None) == (
        "says that they are not helped: “That doesn't help me”",
    )


@pytest.mark.parametrize("text", ["Where is my parcel?", "I'm listening.", "", "..."])
def test_an_ordinary_turn_says_nothing_of_it(text):
    assert says_stuck(text, None) == ()


@pytest.mark.models
def test_what_no_pattern_knows_is_told_by_its_wording_and_something_like_it_is_quoted(
    embedder, prototypes
):
    text = "You keep coming back to the very point where we started."
    assert says_stuck(text, None) == ()
    (reason,) = says_stuck(text, embedder.one(text), prototypes)
    assert reason.startswith("says in other words that they get nowhere, like “")


@pytest.mark.models
def test_most_of_the_fresh_sentences_are_told_and_calm_ones_are_not(embedder, prototypes):
    from benchmarks import texts

    def share(some):
        told = [says_stuck(text, embedder.one(text), prototypes) for text in some]
        return sum(map(bool, told)) / len(told)

    assert share([t for t, kind in texts.load("callers") if kind == "hopeless_fresh"]) > 0.7
    calm = [t for t, label in texts.load("customer_turns", "test") if label == "neutral"]
    assert share(calm) < 0.05


@pytest.mark.models
def test_what_was_learned_of_english_judges_no_other_language(embedder):
    text = "You keep coming back to the very point where we started."
    assert says_stuck(text, embedder.one(text), language="fr") == ()
