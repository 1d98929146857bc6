"""Digits, counts and amounts in recognised text."""

import pytest
from hypothesis import given, settings, strategies as st

from voiceagent.dialogue.numerals import find_amount, find_digits, find_number
from voiceagent.dialogue.speaking import spoken_amount, spoken_digits


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


@settings(deadline=None)
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


@settings(deadline=None)
@given(st.integers(0, 99_999), st.sampled_from(["EUR", "USD", "GBP"]))
def test_an_amount_read_aloud_is_heard_as_the_same_amount(cents: int, currency: str) -> None:
    assert find_amount(spoken_amount(cents / 100, currency)) == cents / 100


@pytest.mark.parametrize("text", ["twelve fifty", "a hundred and five", "49.99"])
def test_a_price_without_its_currency_counts_only_when_an_amount_was_asked_for(text: str) -> None:
    assert find_amount(text) is None
    assert find_amount(text, expected=True) is not None


def test_the_end_of_a_number_can_be_corrected() -> None:
    six = range(6, 7)
    assert find_digits("471228, sorry, 9", expected=True, lengths=six) == "471229"
    assert find_digits("four seven one, no, two two two nine", expected=True, lengths=six) == (
        "472229"
    )


@pytest.mark.parametrize("text", ["9" * 400, "1," * 400, "9" * 400 + " cents"])
def test_hundreds_of_digits_are_no_number(text: str) -> None:
    assert find_number(text) is None
    assert find_amount(text, expected=True) is None
