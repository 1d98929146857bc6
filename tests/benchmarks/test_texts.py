"""The labelled texts: what is learned from is not what is judged by."""

import pytest

from benchmarks import texts


def plain(text):
    return "".join(letter for letter in text.lower() if letter.isalnum() or letter == " ").strip()


@pytest.mark.parametrize("name", ["customer_turns", "wishes"])
def test_no_text_is_both_learned_from_and_judged_by(name):
    learned = texts.load(name, "tune") + texts.load(f"{name}_training")
    judged = [texts.load(name, "test"), texts.load(f"{name}_later"), texts.load(f"{name}_fresh")]
    known = {plain(text) for text, _ in learned}
    assert len(known) > 300
    for part in judged:
        assert not {plain(text) for text, _ in part} & known


def test_no_simulated_caller_says_what_getting_nowhere_was_learned_from():
    known = {plain(text) for text, _ in texts.load("stuck_training")}
    said = {plain(text) for text, kind in texts.load("callers") if kind.startswith("hopeless")}
    assert len(known) > 300
    assert len(said) > 40
    assert not said & known


def test_there_are_as_many_texts_of_every_kind_as_are_asked_for():
    turns = texts.load("customer_turns")
    assert len(turns) >= 400
    assert {label for _, label in turns} == {
        "angry",
        "dissatisfied",
        "joyful",
        "neutral",
        "sarcastic",
    }
    assert len(texts.load("wishes")) >= 300
