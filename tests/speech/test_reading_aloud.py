"""What is written is read as people read it."""

from datetime import date

import pytest

from voiceagent.audio.frames import SAMPLE_RATE
from voiceagent.dialogue.entities import find_all
from voiceagent.events import Expectation
from voiceagent.speech.models import locate
from voiceagent.speech.piper import PiperSynthesizer
from voiceagent.speech.reading_aloud import read_aloud
from voiceagent.speech.whisper import WhisperRecognizer

READ = [
    ("That is $12.50.", "That is 12 dollars and 50 cents."),
    ("It costs €1,250 or £0.99.", "It costs 1,250 euros or 99 pence."),
    ("EUR 19.99, 5 GBP, 12.50 dollars", "19 euros and 99 cents, 5 pounds, 12 dollars and 50 cents"),
    ("about $1.2 million", "about 1.2 million dollars"),
    ("We open at 9am.", "We open at 9 a.m."),
    ("It comes at 18:30.", "It comes at 6 30 p.m."),
    ("Be there at 09:05.", "Be there at 9 oh 5 a.m."),
    ("at 3.30 p.m. or 12:00", "at 3 30 p.m. or 12 o'clock"),
    ("Order 471229 is ready.", "Order four seven one, two two nine is ready."),
    ("Your PIN is 0477.", "Your PIN is zero four seven seven."),
    ("Order AB-1234 is ready.", "Order A B, one two three four is ready."),
    ("account number 1234", "account number one two three four"),
    ("Call 020 7946 0958.", "Call zero two zero, seven nine four six, zero nine five eight."),
    ("(555) 123-4567", "five five five, one two three, four five six seven"),
    ("+44 7944 123456", "plus four four, seven nine four four, one two three four five six"),
    ("15% off", "15 percent off"),
    ("2.5 kg in -5°C", "2.5 kilograms in minus 5 degrees Celsius"),
    ("1 kg at 60 km/h", "1 kilogram at 60 kilometres an hour"),
    ("3-5 days, 1/2 a day", "3 to 5 days, a half a day"),
    ("On 2025-11-25.", "On the 25th of November 20 25."),
    ("on 25 November, since 1984", "on the 25th of November, since 19 84"),
    ("Write to j_doe@example.co.uk.", "Write to j underscore doe at example dot co dot U K."),
    ("See www.example.com/help.", "See W W W dot example dot com slash help."),
    ("Mon. to Fri. with Dr. No. 5", "Monday to Friday with Doctor number 5"),
    ("tea & milk, approx. 5 km", "tea and milk, approximately 5 kilometres"),
]


@pytest.mark.parametrize(("written", "read"), READ)
def test_figures_signs_and_short_forms_are_read_in_words(written: str, read: str) -> None:
    assert read_aloud(written, "en-US") == read


@pytest.mark.parametrize("read", [read for _, read in READ])
def test_what_was_read_already_stays_as_it_is(read: str) -> None:
    assert read_aloud(read, "en-US") == read


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for calling. What can I do for you?",
        "There are 12 people in room 5, on the 3rd floor.",
        "A4 paper, 1,000,000 times, 2.5 on average, COVID-19.",
        "four seven one, two two nine",
    ],
)
def test_what_a_voice_reads_rightly_is_left_to_it(text: str) -> None:
    assert read_aloud(text, "en-GB") == text


def test_the_region_says_which_is_the_month() -> None:
    assert read_aloud("5/3/2026", "en-US") == "the 3rd of May 20 26"
    assert read_aloud("5/3/2026", "en-GB") == "the 5th of March 20 26"
    assert read_aloud("24/12/2025", "en-US") == "the 24th of December 20 25"


def test_a_language_without_a_reading_is_left_to_its_voice() -> None:
    assert read_aloud("Das kostet 12,50 €.", "de") == "Das kostet 12,50 €."


MEANT = [
    ("Your order number is 471229, thank you.", "digits", "471229"),
    ("The reference is 0477, thank you.", "digits", "0477"),
    ("You have to pay $12.50 by tomorrow.", "amount", 12.5),
    ("The price is £105 including tax.", "amount", 105),
    ("We close at 18:30 on Mondays.", "time", "18:30"),
    ("The doctor has time for you at 09:05.", "time", "09:05"),
    ("Please call 020 7946 0958.", "phone", "02079460958"),
    ("It will arrive on 2026-03-22.", "date", "2026-03-22"),
    ("You can write to john.smith@gmail.com at any time.", "email", "john.smith@gmail.com"),
    ("Your booking code is QX-4471.", "code", "QX4471"),
]


@pytest.mark.models
def test_what_a_recogniser_hears_of_it_is_what_was_written(voice: PiperSynthesizer) -> None:
    whisper = WhisperRecognizer(locate("whisper-base"), "whisper-base")
    wrong = {}
    for written, kind, meant in MEANT:
        recognition = whisper.open(SAMPLE_RATE, "en", ())
        for piece in voice.synthesize(written):
            recognition.feed(piece)
        heard = recognition.finish().text
        asked = Expectation.model_validate({"kind": kind})
        if find_all(heard, date(2025, 11, 22), asked, region="GB").get(kind) != meant:
            wrong[written] = heard
    # A voice has chance in it, and a recogniser slips.
    assert len(wrong) <= len(MEANT) // 3, wrong
