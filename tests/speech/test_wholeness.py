"""When an answer is whole."""

import pytest

from voiceagent.events import Expectation
from voiceagent.speech.wholeness import Wholeness, count_digits, is_backchannel, wholeness

OPEN = Expectation()
YES_NO = Expectation(kind="yes_no")
SIX = Expectation(kind="digits", min_digits=6, max_digits=6)
FOUR_TO_EIGHT = Expectation(kind="digits", min_digits=4, max_digits=8)
EMAIL, PHONE = Expectation(kind="email"), Expectation(kind="phone")
CODE, SPELLED = Expectation(kind="code"), Expectation(kind="spelled_name")
COLOUR = Expectation(kind="choice", choices=("red", "dark blue"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes.", YES_NO),
        ("No, it isn't.", YES_NO),
        ("yes it is", YES_NO),
        ("4 7 1 2 0 9", SIX),
        ("four seven one two oh nine", SIX),
        ("double four double seven double nine", SIX),
        ("471209.", SIX),
        ("1 2 3 4 5 6 7 8", FOUR_TO_EIGHT),
        ("The dark blue one", COLOUR),
        ("Next Tuesday", Expectation(kind="date")),
        ("john dot smith at gmail dot com", EMAIL),
        ("John.Smith@gmail.com.", EMAIL),
        ("oh seven nine double four one two three four five six", PHONE),
        ("+44 7944 123456", PHONE),
        ("That's all, goodbye.", OPEN),
    ],
)
def test_all_that_was_asked_for_is_an_answer(text: str, expected: Expectation) -> None:
    assert wholeness(text, expected) is Wholeness.ANSWER


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where is my parcel?", OPEN),
        ("I'd like to talk about my order.", OPEN),
    ],
)
def test_a_sentence_that_may_end_is_recognised(text: str, expected: Expectation) -> None:
    assert wholeness(text, expected) is Wholeness.WHOLE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("four seven", SIX),
        ("471", SIX),
        ("My number is four seven", OPEN),
        ("My order number is", OPEN),
        ("I would like to", OPEN),
        ("I have a question and", OPEN),
        ("It's about, um", OPEN),
        ("Well,", OPEN),
        ("I want to check the...", OPEN),
        ("Can you check", OPEN),
        ("How long does?", OPEN),
        ("I would like.", OPEN),
        ("It's order number.", OPEN),
        ("It is 5 6", OPEN),
        ("um", SIX),
    ],
)
def test_a_plainly_unfinished_answer_is_recognised(text: str, expected: Expectation) -> None:
    assert wholeness(text, expected) is Wholeness.UNFINISHED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", OPEN),
        ("1 2 3 4 5", FOUR_TO_EIGHT),
        ("John", Expectation(kind="name")),
    ],
)
def test_what_is_neither_is_left_to_the_clock(text: str, expected: Expectation) -> None:
    assert wholeness(text, expected) is Wholeness.UNKNOWN


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("five five five five", 4),
        ("twenty three fifty one", 4),
        ("triple six one", 4),
        ("forty two", 2),
        ("twenty oh five", 4),
        ("thirteen", 2),
        ("47-12", 4),
        ("no idea", 0),
    ],
)
def test_digits_are_counted_as_they_are_spoken(text: str, count: int) -> None:
    assert count_digits(text.split()) == count


def test_listening_sounds_are_told_from_words() -> None:
    assert is_backchannel("Mhm.")
    assert is_backchannel("Yeah, okay.")
    assert is_backchannel("Mm-hmm.")
    assert is_backchannel("Hmm, mm.")
    assert not is_backchannel("Yeah, but that is wrong.")
    assert not is_backchannel("Stop.")
    assert not is_backchannel("")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Oh seven nine four four.", PHONE),
        ("John dot Smith.", EMAIL),
        ("john.smith at", EMAIL),
        ("S-M-I.", SPELLED),
        ("A, B, four seven.", CODE),
    ],
)
def test_a_bit_of_what_is_given_in_bits_is_not_taken_for_all_of_it(
    text: str, expected: Expectation
) -> None:
    assert wholeness(text, expected) in (Wholeness.UNKNOWN, Wholeness.UNFINISHED)


@pytest.mark.parametrize("expected", [EMAIL, PHONE, CODE, SPELLED])
def test_something_else_than_what_was_asked_for_ends_like_any_sentence(
    expected: Expectation,
) -> None:
    assert wholeness("Can I speak to a person, please?", expected) is Wholeness.WHOLE


@pytest.mark.parametrize(
    "text", ["No, thank you. That is all.", "Thank you", "I'd like to talk to a person"]
)
def test_after_a_closing_only_a_goodbye_may_follow(text: str) -> None:
    assert wholeness(text, OPEN) is Wholeness.CLOSED


@pytest.mark.parametrize("text", ["my parcel", "The black sheet of paper.", "That's what I want."])
def test_no_sentence_may_be_all_where_nothing_in_particular_was_asked(text: str) -> None:
    assert wholeness(text, OPEN) is Wholeness.FRAGMENT
    assert wholeness(text, Expectation(kind="name")) is Wholeness.UNKNOWN


@pytest.mark.parametrize("text", ["I have a question.", "Can you tell me?", "Hello, excuse me."])
def test_what_opens_a_request_is_not_taken_for_one(text: str) -> None:
    assert wholeness(text, OPEN) is Wholeness.UNKNOWN
