"""Dates as callers say them."""

from datetime import date, timedelta

import pytest
from hypothesis import given, strategies as st

from voiceagent.dialogue.dates import find_date
from voiceagent.dialogue.speaking import spoken_date

TODAY = date(2025, 11, 22)  # a Saturday


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tomorrow", "2025-11-23"),
        ("the day after tomorrow please", "2025-11-24"),
        ("on Tuesday", "2025-11-25"),
        ("next Tuesday in the morning", "2025-11-25"),
        ("Saturday", "2025-11-29"),
        ("the third of December", "2025-12-03"),
        ("December third", "2025-12-03"),
        ("May 5th", "2026-05-05"),
        ("how about Wednesday the fifth of March", "2026-03-05"),
        ("twenty-fifth of November", "2025-11-25"),
        ("the 3rd", "2025-12-03"),
        ("in two weeks", "2025-12-06"),
        ("a week from Monday", "2025-12-01"),
        ("a week from today", "2025-11-29"),
        ("12/24/2025", "2025-12-24"),
        ("24/12", "2025-12-24"),
        ("2026-02-28", "2026-02-28"),
        ("may I ask something", None),
        ("471229", None),
        ("the thirtieth of February", None),
    ],
)
def test_a_date_is_counted_from_today(text: str, found: str | None) -> None:
    assert find_date(text, TODAY, expected=True) == found


def test_next_thursday_said_on_a_monday_is_the_week_after() -> None:
    monday = date(2025, 11, 24)
    assert find_date("next Thursday", monday) == "2025-12-04"
    assert find_date("this Thursday", monday) == "2025-11-27"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the third of May nineteen eighty four", "1984-05-03"),
        ("May 3rd 1984", "1984-05-03"),
        ("05/03/84", "1984-05-03"),
        ("the first of June two thousand and one", "2001-06-01"),
        ("the 24th of December", "2024-12-24"),
    ],
)
def test_a_date_of_birth_lies_in_the_past(text: str, found: str) -> None:
    assert find_date(text, TODAY, expected=True, past=True) == found


@given(st.integers(0, 900))
def test_a_date_read_aloud_is_heard_as_the_same_date(ahead: int) -> None:
    day = TODAY + timedelta(days=ahead)
    assert find_date(spoken_date(day, TODAY), TODAY) == day.isoformat()
