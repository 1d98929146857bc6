"""Working hours: over midnight, over holidays, and over the night the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from voiceagent.hours import Timetable, parse_holiday, parse_span

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Timetable((parse_span("Mon-Fri 09:00-17:00"),), (), BERLIN)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("text", "days", "opens", "closes"),
    [
        ("Mon-Fri 09:00-17:00", {0, 1, 2, 3, 4}, 540, 1020),
        ("mon - fri 9:00 - 17:00", {0, 1, 2, 3, 4}, 540, 1020),
        ("Sat,Sun 10:00-14:00", {5, 6}, 600, 840),
        ("Sat, Sunday 10:00-14:00", {5, 6}, 600, 840),
        ("Fri-Mon 08:00-12:00", {4, 5, 6, 0}, 480, 720),
        ("Wed 00:00-24:00", {2}, 0, 1440),
        ("22:00-06:00", set(range(7)), 1320, 1800),
    ],
)
def test_hours_are_read_as_people_write_them(
    text: str, days: set[int], opens: int, closes: int
) -> None:
    span = parse_span(text)
    assert (span.days, span.opens, span.closes) == (days, opens, closes)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nine to five", "no hours"),
        ("Mon 9-17", "no hours"),
        ("Mon 25:00-26:00", "no such time"),
        ("Mon 09:61-10:00", "no such time"),
        ("Moon 09:00-17:00", None),
        ("Montag-Xyz 09:00-17:00", "no day of the week"),
        ("Mon 09:00-09:00", "00:00-24:00"),
    ],
)
def test_what_are_no_hours_is_told_with_its_mend(text: str, says: str | None) -> None:
    with pytest.raises(ValueError, match=says or "no day of the week"):
        parse_span(text)


def test_holidays_are_of_one_year_or_of_each() -> None:
    once, yearly = parse_holiday(date(2026, 5, 14)), parse_holiday("12-25")
    assert date(2026, 5, 14) in once
    assert date(2027, 5, 14) not in once
    assert date(2027, 12, 25) in yearly
    assert date(2024, 2, 29) in parse_holiday("02-29")
    with pytest.raises(ValueError, match="no day"):
        parse_holiday("25.12.")


def test_working_time_begins_and_ends_by_the_clock_there() -> None:
    assert OFFICE.open_at(datetime(2026, 7, 1, 7, 0, tzinfo=UTC))  # 09:00 in summer
    assert not OFFICE.open_at(datetime(2026, 1, 7, 7, 59, tzinfo=UTC))  # 08:59 in winter
    assert OFFICE.open_at(datetime(2026, 1, 7, 8, 0, tzinfo=UTC))
    assert not OFFICE.open_at(berlin("2026-07-01T17:00"))
    assert not OFFICE.open_at(berlin("2026-07-04T12:00"))
    assert OFFICE.closes(berlin("2026-07-01T12:00")) == berlin("2026-07-01T17:00")
    assert OFFICE.closes(berlin("2026-07-01T08:00")) is None


def test_the_next_working_time_is_after_the_weekend_and_the_holidays() -> None:
    days = ("2026-04-03", "2026-04-06")
    easter = Timetable(OFFICE.spans, tuple(map(parse_holiday, days)), BERLIN)
    assert easter.opens(berlin("2026-04-02T18:00")) == berlin("2026-04-07T09:00")
    assert OFFICE.opens(berlin("2026-07-01T08:00")) == berlin("2026-07-01T09:00")
    assert not easter.open_at(berlin("2026-04-03T12:00"))


def test_the_clocks_may_change_in_between() -> None:
    # Central Europe: on 29 March 2026 at two it is three.
    after = OFFICE.opens(berlin("2026-03-27T18:00"))
    assert after is not None
    assert after.astimezone(UTC) == datetime(2026, 3, 30, 7, 0, tzinfo=UTC)


def test_a_night_shift_ends_on_the_day_after_even_on_a_day_off() -> None:
    night = Timetable((parse_span("Fri 22:00-06:00"),), (parse_holiday("2026-07-04"),), BERLIN)
    assert night.open_at(berlin("2026-07-04T05:59"))
    assert not night.open_at(berlin("2026-07-04T06:00"))
    assert night.closes(berlin("2026-07-03T23:00")) == berlin("2026-07-04T06:00")


def test_hours_that_follow_on_each_other_end_with_the_last() -> None:
    spans = tuple(map(parse_span, ("09:00-12:00", "12:00-15:00")))
    table = Timetable(spans, (), BERLIN)
    assert table.closes(berlin("2026-07-01T10:00")) == berlin("2026-07-01T15:00")


def test_without_hours_it_is_always_working_time_but_on_holidays() -> None:
    table = Timetable((), (parse_holiday("12-25"),), BERLIN)
    assert table.open_at(berlin("2026-12-24T23:59"))
    assert not table.open_at(berlin("2026-12-25T00:00"))
    assert table.opens(berlin("2026-12-25T12:00")) == berlin("2026-12-26T00:00")
    assert Timetable().closes(berlin("2026-12-25T12:00")) is None


def test_who_does_not_work_for_weeks_has_no_next_working_time() -> None:
    off = tuple(parse_holiday(date(2026, 1, 1) + timedelta(days=n)) for n in range(80))
    assert Timetable(OFFICE.spans, off, BERLIN).opens(berlin("2026-01-02T12:00")) is None
