"""Values as they are said, and the templates that say them."""

from datetime import date

import pytest

from voiceagent.dialogue.speaking import (
    spoken_amount,
    spoken_date,
    spoken_digits,
    spoken_list,
    spoken_time,
)
from voiceagent.dialogue.templates import RenderError, references, render, syntax_problem
from voiceagent.speech.english_aloud import ordinal


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("471229", "four seven one, two two nine"),
        ("12345678", "one two three four, five six seven eight"),
        ("07", "zero seven"),
        ("AB12", "A B one two"),
        ("", ""),
    ],
)
def test_digits_are_said_one_by_one_in_groups(value: str, said: str) -> None:
    assert spoken_digits(value) == said


@pytest.mark.parametrize(
    ("value", "currency", "said"),
    [
        (47.5, "EUR", "47 euros and 50 cents"),
        ("1", "USD", "1 dollar"),
        (0.99, "GBP", "99 pence"),
        (-3, "EUR", "minus 3 euros"),
        (12, "CHF", "12.00 CHF"),
    ],
)
def test_amounts_are_said_with_their_currency(value: float, currency: str, said: str) -> None:
    assert spoken_amount(value, currency) == said


def test_dates_times_ordinals_and_lists_are_said_as_people_say_them() -> None:
    assert spoken_date("2025-11-25", date(2025, 11, 22)) == "Tuesday, the 25th of November"
    assert spoken_date("1984-05-03", date(2025, 11, 22)) == "the 3rd of May 1984"
    assert [spoken_time(t) for t in ("9:00", "17:30", "12:05")] == [
        "9 a.m.",
        "5 30 p.m.",
        "12 oh 5 p.m.",
    ]
    assert [ordinal(n) for n in (1, 2, 3, 11, 12, 13, 21, 102)] == [
        "1st", "2nd", "3rd", "11th", "12th", "13th", "21st", "102nd",
    ]  # fmt: skip
    assert spoken_list(["tea", "milk", "salt"], "or") == "tea, milk or salt"


def test_a_template_fills_in_values_through_the_filters() -> None:
    values = {"facts": {"currency": "GBP"}, "n": "12", "p": 2, "today": date(2025, 1, 1)}
    assert render("No. {{ n | digits }},\n  {{ p | amount }}.", values) == "No. one two, 2 pounds."
    assert render("till {{ '18:00' | time }}.", values) == "till 6 p.m."


def test_a_missing_value_is_an_error_that_names_the_template() -> None:
    with pytest.raises(RenderError, match=r"\{\{ order\.day \}\}.*day"):
        render("{{ order.day }}", {"order": {}})
    with pytest.raises(RenderError, match="not an amount"):
        render("{{ 'x' | amount }}", {})


def test_templates_run_in_a_sandbox() -> None:
    with pytest.raises(RenderError, match="unsafe"):
        render("{{ ''.__class__.__mro__ }}", {})


def test_values_in_an_address_are_percent_encoded() -> None:
    address = render("http://x/{{ v }}?q={{ v | safe }}", {"v": "a/b&c"}, url=True)
    assert address == "http://x/a%2Fb%26c?q=a/b&c"


def test_what_a_template_refers_to_is_known_without_running_it() -> None:
    assert references("{% for a in xs %}{{ a.b }}{% endfor %}{{ order.day }}") == {
        ("xs", ""), ("order", ""), ("order", "day"),
    }  # fmt: skip
    assert "end of template" in syntax_problem("{{ x ")
    assert "no_such" in syntax_problem("{{ x | no_such }}")
    assert syntax_problem("{{ x | digits }}") == ""
