"""What of Whisper's writing is believed."""

from __future__ import annotations

import pytest

from voiceagent.events import Word
from voiceagent.speech.digits import ReadDigit, ReadNumber
from voiceagent.speech.readings import Reading, is_invented, loops, said_once, settle, without_loop

SIX = range(6, 7)


def spoken(text: str, word_s: float) -> list[Word]:
    return [
        Word(word=word, start_s=number * word_s, end_s=(number + 1) * word_s)
        for number, word in enumerate(text.split())
    ]


def reading(text: str, no_speech: float, log_probability: float = -0.9) -> Reading:
    return Reading(text, (), log_probability, no_speech, ())


@pytest.mark.parametrize(
    "text",
    ["five five five five", "no no no no, stop.", "four seven four seven four seven", "bye bye"],
)
def test_repetitions_that_a_person_has_time_for_are_no_loop(text: str) -> None:
    assert not loops(spoken(text, 0.25))


@pytest.mark.parametrize(
    "text",
    [
        "I see you you you you you you you you",
        "and thank you very much and thank you very much and thank you very much",
    ],
)
def test_repetitions_faster_than_anyone_speaks_are_a_loop(text: str) -> None:
    assert loops(spoken(text, 0.04))


@pytest.mark.parametrize("text", [".", "", "...", "you", "You.", "Thank you."])
def test_what_whisper_writes_into_silence_is_nothing(text: str) -> None:
    assert is_invented(reading(text, no_speech=0.9))


@pytest.mark.parametrize(
    ("text", "no_speech"), [("Thank you.", 0.05), ("Yes.", 0.5), ("Where is my order?", 0.2)]
)
def test_what_was_said_is_kept(text: str, no_speech: float) -> None:
    assert not is_invented(reading(text, no_speech))


@pytest.mark.parametrize(
    ("text", "word_s", "sounding_s", "kept"),
    [
        ("No. No.", 0.25, 0.7, "No. No."),
        ("4 4", 0.4, 0.35, "4"),
        ("Yes. Yes.", 0.02, 0.6, "Yes."),
        ("Yes, please. Yes, please.", 0.2, 0.5, "Yes, please."),
        ("Seven, one. Seven, one.", 0.3, 1.3, "Seven, one. Seven, one."),
        ("Where is my order?", 0.02, 0.1, "Where is my order?"),
        ("", 0.1, 0.0, ""),
    ],
)
def test_what_there_was_no_time_to_say_twice_was_said_once(
    text: str, word_s: float, sounding_s: float, kept: str
) -> None:
    twice = Reading(text, tuple(spoken(text, word_s)), -0.5, 0.1, ())
    assert said_once(twice, sounding_s).text == kept


def test_of_a_loop_one_round_is_kept() -> None:
    words = tuple(spoken("please call me back call me back call me back", 0.02))
    looping = Reading("please call me back call me back call me back", words, -0.5, 0.1, ())
    assert without_loop(looping).text == "please call me back"


@pytest.mark.parametrize("text", ["BEEP BEEP BEEP", "[Phone ringing]", "♪ Music playing ♪", "."])
def test_a_sound_described_is_no_text(text: str) -> None:
    assert is_invented(reading(text, no_speech=0.1))


@pytest.mark.parametrize("text", ["My phone.", "The phone is ringing.", "I heard a beep."])
def test_a_sound_spoken_about_is_text(text: str) -> None:
    assert not is_invented(reading(text, no_speech=0.1))


def number(digits: str, confidence: float = 0.9, other_s: float = 0.0) -> ReadNumber:
    read = (ReadDigit(d, 0.4 * i, 0.4 * i + 0.3, confidence) for i, d in enumerate(digits))
    return ReadNumber(tuple(read), other_s)


@pytest.mark.parametrize("text", ["4, 7, 1, 2, 2.", "A, R, A, T, B, A.", "47-1229"])
def test_the_sound_of_six_digits_overrules_a_text_that_is_no_six_digits(text: str) -> None:
    settled = settle(reading(text, 0.1), number("471229"), SIX)
    assert settled.text == "4 7 1 2 2 9"
    assert [word.word for word in settled.words] == list("471229")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("I don't have it here.", number("471229", other_s=0.6)),
        ("I don't have it here.", number("471229", confidence=0.02)),
        ("None.", number("9")),
        ("471229", number("471228", confidence=0.2)),
        ("four seven double one two two", number("471122")),
        ("Forty seven twelve twenty nine.", number("471229")),
        ("Hello?", number("")),
    ],
)
def test_the_text_stands_where_the_sound_says_too_little(text: str, read: ReadNumber) -> None:
    assert settle(reading(text, 0.1), read, SIX).text == text


@pytest.mark.parametrize(
    ("text", "heard"), [("7, 5, 6, 7, 5, 6, 7,", "75"), ("0, 1, 2,", "8012"), ("2, 3,", "26")]
)
def test_of_a_number_not_all_said_yet_the_sound_tells_what_was_said(text: str, heard: str) -> None:
    assert settle(reading(text, 0.1), number(heard), SIX).text == " ".join(heard)
    unsure = number(heard, confidence=0.2)
    assert settle(reading(text, 0.1), unsure, SIX).text == text


def test_the_text_that_was_overruled_is_told_as_another_reading() -> None:
    assert settle(reading("471228", 0.1), number("471229"), SIX).alternatives == ("471228",)
    assert settle(reading("4-7-1-2-2-9", 0.1), number("471229"), SIX).alternatives == ()
