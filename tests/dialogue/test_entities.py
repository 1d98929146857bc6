"""Values in recognised text."""

from datetime import date

import pytest

from voiceagent.dialogue.entities import (
    find_all,
    find_choice,
    find_name,
    find_yes_no,
)
from voiceagent.events import Expectation


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "yeah that's right",
        "Mm-hmm.",
        "correct",
        "Sure, go ahead.",
        "of course",
        "I do",
        "Oh yes please",
        "yes, no problem",
        "That's fine.",
        "well yes",
        "I said yes",
    ],
)
def test_a_yes_in_many_words(text: str) -> None:
    assert find_yes_no(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "nope",
        "not really",
        "No, that's wrong",
        "That's not right",
        "I don't think so",
        "of course not",
        "um no",
        "It isn't.",
        "not yet",
        "I'd rather not",
        "No, four seven one",
    ],
)
def test_a_no_in_many_words(text: str) -> None:
    assert find_yes_no(text) is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "it is raining",
        "I have a question",
        "Good morning",
        "yes and no",
        "I'm not sure",
        "maybe",
        "I don't understand",
        "please cancel it",
    ],
)
def test_neither_yes_nor_no(text: str) -> None:
    assert find_yes_no(text) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Mary Jones.", "Mary Jones"),
        ("it's Peter", "Peter"),
        ("this is john smith from Leeds", "John Smith"),
        ("I'm calling about my order", None),
        ("I'm Anna and I need help", "Anna"),
        ("it's not here", None),
    ],
)
def test_a_name_is_found_where_somebody_gives_it(text: str, name: str | None) -> None:
    assert find_name(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("John Smith.", "John Smith"),
        ("Yes, it's McDonald", "McDonald"),
        ("S-M-I-T-H", "Smith"),
        ("what do you mean", None),
        ("471229", None),
    ],
)
def test_a_bare_name_counts_when_a_name_was_asked_for(text: str, name: str | None) -> None:
    assert find_name(text, expected=True) == name
    assert find_name("John Smith.") is None


CHOICES = {"check-up": ("routine",), "vaccination": ("jab", "shot"), "blood test": ("lab",)}


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("A blood test, please.", "blood test"),
        ("just a checkup", "check-up"),
        ("my flu jab", "vaccination"),
        ("a vacination", "vaccination"),
        ("the second one", "vaccination"),
        ("I have no idea", None),
    ],
)
def test_a_choice_by_its_words_nearly_its_words_or_its_place(text: str, choice: str | None) -> None:
    assert find_choice(text, CHOICES) == choice


def test_what_was_asked_for_decides_what_counts() -> None:
    today = date(2025, 11, 22)
    asked = Expectation(kind="digits", slot="pin", min_digits=1, max_digits=1)
    assert find_all("seven", today, asked)["digits"] == "7"
    assert "digits" not in find_all("seven", today)
    assert find_all("no, next Monday", today) == {"yes_no": False, "date": "2025-11-24"}
