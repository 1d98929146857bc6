"""Values in recognised text."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceagent.dialogue.entities import (
    find_all,
    find_choice,
    find_digits,
    find_name,
    find_number,
    find_yes_no,
)
from voiceagent.dialogue.speaking import spoken_digits
from voiceagent.events import Expectation


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("471-229", "471229"),
        ("4-7-1, 2-2-9.", "471229"),
        ("Four, seven, one.", "471"),
        ("oh four double seven", "0477"),
        ("four seven 1 double two", "47122"),
        ("47 12 29", "471229"),
        ("forty seven, twelve, twenty nine", "471229"),
        ("471,229", "471229"),
        ("My order number is 471 229, thank you.", "471229"),
        ("triple eight double oh one", "888001"),
        ("4 7 1 um 2 2 9", "471229"),
        ("five five five five", "5555"),
        ("A471229", "471229"),
    ],
)
def test_digits_are_joined_however_a_recogniser_writes_them(text: str, digits: str) -> None:
    assert find_digits(text, expected=True) == digits


@given(st.text("0123456789", min_size=3, max_size=14))
def test_digits_read_aloud_are_heard_as_the_same_digits(digits: str) -> None:
    assert find_digits(spoken_digits(digits)) == digits


@pytest.mark.parametrize("text", ["I paid 47.50", "at 5:30", "on the 3rd of May", "two of them"])
def test_amounts_times_dates_and_counts_are_no_digits(text: str) -> None:
    assert find_digits(text) is None


def test_the_last_digits_count_after_a_correction() -> None:
    assert find_digits("471228, no sorry, 471229") == "471229"


def test_a_sound_alike_is_a_digit_only_where_it_makes_the_number_right() -> None:
    text = "it's for seven one two two nine"
    assert find_digits(text, expected=True, lengths=range(6, 7)) == "471229"
    assert find_digits(text, expected=True, lengths=range(5, 6)) == "71229"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("two and a half", 2.5),
        ("47 dollars and 50 cents", 47.5),
        ("$1,250.50", 1250.5),
        ("about twenty five people", 25),
        ("two, no, three", 3),
        ("a dozen", 12),
        ("no number here", None),
    ],
)
def test_numbers_and_amounts(text: str, number: float | None) -> None:
    assert find_number(text) == number


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
