"""Cutting texts into pieces."""

import pytest

from voiceagent.speech.sentences import sentences


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Yes.", ["Yes."]),
        ("One moment. I will look. Is that all?", ["One moment.", "I will look.", "Is that all?"]),
        ("It costs 4.50 dollars.", ["It costs 4.50 dollars."]),
        ("Dr. No. 5 is here.", ["Dr. No. 5 is here."]),
        (
            "From Mon. to Fri. at 9 a.m. Is that all?",
            ["From Mon. to Fri. at 9 a.m.", "Is that all?"],
        ),
        ("  spaced \n out  ", ["spaced out"]),
        ("...", []),
        ("", []),
    ],
)
def test_a_text_is_cut_at_its_sentences(text: str, pieces: list[str]) -> None:
    assert sentences(text) == pieces


def test_a_long_first_sentence_is_cut_at_a_comma_so_that_sound_comes_soon() -> None:
    text = "Thank you for calling, this is the shop's assistant and I am a machine. Hello, you."
    first, rest, last = sentences(text)
    assert first == "Thank you for calling,"
    assert rest == "this is the shop's assistant and I am a machine."
    assert last == "Hello, you."


def test_nothing_is_lost_in_cutting() -> None:
    text = "First of all, this is a rather long sentence; it goes on. Then: another one! And this?"
    assert " ".join(sentences(text)) == text
