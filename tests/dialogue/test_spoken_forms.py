"""Every form of a value that callers use is understood as it is meant."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings, strategies as st

from voiceagent.dialogue.contacts import find_phone
from voiceagent.dialogue.entities import find_all
from voiceagent.dialogue.speaking import spoken_phone, spoken_spelling, spoken_time
from voiceagent.dialogue.spelling import find_code, find_spelled_name
from voiceagent.dialogue.times import find_time
from voiceagent.events import Expectation

HERE = Path(__file__).parent
TODAY = date(2025, 11, 22)
FORMS = yaml.safe_load((HERE / "spoken_forms.yaml").read_text(encoding="utf-8"))
SENTENCES = yaml.safe_load((HERE / "sentences.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("heading", "text", "meant"),
    [(heading, *form) for heading, forms in FORMS.items() for form in forms],
)
def test_what_is_said_to_a_question_is_what_is_meant(heading: str, text: str, meant: Any) -> None:
    kind, _, region = heading.partition(" ")
    asked = Expectation.model_validate({"kind": kind})
    found = find_all(text, TODAY, asked, region=region or "US")
    assert found.get(kind) == meant


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in _texts(item)]


@pytest.mark.parametrize("kind", ["email", "phone", "code", "postcode", "spelled_name", "time"])
def test_sentences_about_other_things_hold_none_of_it(kind: str) -> None:
    found = {text: find_all(text, TODAY, region="GB").get(kind) for text in _texts(SENTENCES)}
    assert {text: value for text, value in found.items() if value is not None} == {}


@settings(deadline=None)
@given(st.times())
def test_a_time_read_aloud_is_heard_as_the_same_time(moment: Any) -> None:
    said = f"{moment:%H:%M}"
    assert find_time(spoken_time(said), expected=True) == said


@settings(deadline=None)
@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=12))
def test_a_name_spelled_aloud_is_heard_as_the_same_name(name: str) -> None:
    assert find_spelled_name(spoken_spelling(name), expected=True) == name.capitalize()


@settings(deadline=None)
@given(st.from_regex(r"[A-NP-Z]{2,3}[0-9]{3,4}", fullmatch=True))
def test_a_code_spelled_aloud_is_heard_as_the_same_code(code: str) -> None:
    assert find_code(spoken_spelling(code), expected=True) == code


@settings(deadline=None)
@given(st.from_regex(r"\+[1-9][0-9]{7,12}", fullmatch=True))
def test_a_phone_number_read_aloud_is_heard_as_the_same_number(number: str) -> None:
    assert find_phone(spoken_phone(number)) == number


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Call me back on 020 7946 0958, please.", "phone", "02079460958"),
        ("I wrote from john.smith@gmail.com. Nobody answered.", "email", "john.smith@gmail.com"),
        ("Can I come on Monday at half past three?", "time", "15:30"),
        ("You took twelve pounds fifty from me.", "amount", 12.5),
        ("My booking is K7QX2 and I have to change it.", "code", "K7QX2"),
        ("I live in SW1A 1AA.", "postcode", "SW1A 1AA"),
    ],
)
def test_plain_values_are_found_in_any_sentence(text: str, kind: str, value: Any) -> None:
    assert find_all(text, TODAY, region="GB")[kind] == value
