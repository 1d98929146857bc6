"""Dates as callers say them, resolved against a given today.

The phrase is found and put into plain form here; what is left of the work is dateparser's,
which reads whole phrases well but finds and resolves spoken ones badly ("the third of December",
"a week from Monday").
"""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta

import dateparser
from text_to_num import alpha2digit

_MONTHS = {
    name.lower(): number
    for names in (calendar.month_name, calendar.month_abbr)
    for number, name in enumerate(names)
    if name
} | {"sept": 9}
_DAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
_MONTH = "(" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_DAY = "(" + "|".join(_DAYS) + ")"
_DAY_NUMBER = r"(?:the )?(\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,? (?:of )?(\d{4}|\d{2} \d{2}|(?<!\d )\d{2}(?! ?(?:\d|:|o'clock|am|pm|a\.m|p\.m))))?"

_DAY_MONTH = re.compile(rf"\b{_DAY_NUMBER}(?: of)? {_MONTH}\b{_YEAR}")
_MONTH_DAY = re.compile(rf"\b{_MONTH},? {_DAY_NUMBER}\b{_YEAR}")
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})(?:/(\d{2,4}))?\b")
_FROM_NOW = re.compile(
    r"\b(?:in )?(a|an|\d+) (day|week|fortnight|month|year)s? (?:from (?:now|today)|time)\b"
    r"|\bin (a|an|\d+) (day|week|fortnight|month|year)s?\b"
)
_WEEK_FROM = re.compile(rf"\b(?:a|1) week (?:from|on|after) (tomorrow|{_DAY})\b|\b{_DAY} week\b")
_WEEKDAY = re.compile(rf"\b(?:(this|next|coming|following|last) )?(?:week )?{_DAY}\b")
_BARE_DAY = re.compile(r"\b(?:on )?the (\d{1,2})(?:st|nd|rd|th)\b")
_ORDINAL_ALONE = re.compile(r"^\W*(?:the )?(\d{1,2})(?:st|nd|rd|th)\W*$")


def find_date(text: str, today: date, *, expected: bool = False, past: bool = False) -> str | None:
    """A date in the text as ISO 8601, the coming one where the year is left out, or None.

    Args:
        today: what "tomorrow" and the like are counted from.
        expected: a date was asked for, so that dateparser may try whatever was said.
        past: the last one where the year is left out, such as for a date of birth.
    """
    found = _resolve(_plain(text), today, past)
    if found is None and expected:
        parsed = dateparser.parse(
            _plain(text),
            languages=["en"],
            settings={
                "RELATIVE_BASE": datetime(today.year, today.month, today.day),
                "PREFER_DATES_FROM": "past" if past else "future",
                "REQUIRE_PARTS": ["day"],
                "RETURN_AS_TIMEZONE_AWARE": False,
            },
        )
        found = parsed.date() if parsed else None
    return found.isoformat() if found else None


def _plain(text: str) -> str:
    said = str(alpha2digit(re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text.lower()), "en", threshold=0.0))
    return re.sub(r"\s+", " ", re.sub(rf"({_DAY}),", r"\1", said)).strip()


def _resolve(said: str, today: date, past: bool) -> date | None:
    if match := _ISO.search(said):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := _DAY_MONTH.search(said):
        return _nearest(today, past, int(match[1]), _MONTHS[match[2]], match[3])
    if match := _MONTH_DAY.search(said):
        return _nearest(today, past, int(match[2]), _MONTHS[match[1]], match[3])
    if match := _SLASHED.search(said):
        return _slashed(today, past, match)
    if "day after tomorrow" in said:
        return today + timedelta(days=2)
    if match := _WEEK_FROM.search(said):
        start = match[2] or match[3]
        day = _weekday(today, start) if start else today + timedelta(days=1)
        return day + timedelta(days=7)
    if match := _FROM_NOW.search(said):
        return _later(today, match[1] or match[3], match[2] or match[4])
    if match := _WEEKDAY.search(said):
        return _weekday(today, match[2], match[1] or "")
    if match := re.search(r"\b(today|tonight|this (?:morning|afternoon|evening))\b", said):
        return today
    if "tomorrow" in said:
        return today + timedelta(days=1)
    if "yesterday" in said:
        return today - timedelta(days=1)
    if match := _BARE_DAY.search(said) or _ORDINAL_ALONE.search(said):
        return _day_of_month(today, int(match[1]))
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _nearest(today: date, past: bool, day: int, month: int, year: str | None) -> date | None:
    """The day in the year that was said, else the coming one, or the last one for the past."""
    number = int((year or str(today.year)).replace(" ", ""))
    if number < 100:
        number += today.year // 100 * 100
        return _date(number - 100 if past and number > today.year else number, month, day)
    found = _date(number, month, day)
    if year or found is None:
        return found
    if past:
        return found if found <= today else _date(number - 1, month, day)
    return found if found >= today else _date(number + 1, month, day)


def _slashed(today: date, past: bool, match: re.Match[str]) -> date | None:
    """A written date: month first as English recognisers write it, unless that cannot be."""
    month, day = int(match[1]), int(match[2])
    if month > 12:
        month, day = day, month
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return _nearest(today, past, day, month, match[3])


def _later(today: date, count: str, unit: str) -> date | None:
    number = 1 if count in ("a", "an") else int(count)
    if number > 1000:
        return None
    if unit in ("day", "week", "fortnight"):
        return today + timedelta(days=number * {"day": 1, "week": 7, "fortnight": 14}[unit])
    months = today.month - 1 + number * (1 if unit == "month" else 12)
    year, month = today.year + months // 12, months % 12 + 1
    return date(year, month, min(today.day, calendar.monthrange(year, month)[1]))


def _weekday(today: date, name: str, which: str = "") -> date:
    """The next such day after today; "next" said of a day later this week means the week after."""
    ahead = (_DAYS[name] - today.weekday()) % 7 or 7
    if which == "last":
        return today - timedelta(days=(today.weekday() - _DAYS[name]) % 7 or 7)
    if which == "next" and today.weekday() < _DAYS[name] and ahead < 7:
        ahead += 7
    return today + timedelta(days=ahead)


def _day_of_month(today: date, day: int) -> date | None:
    year, month = today.year, today.month
    for _ in range(12):
        if (found := _date(year, month, day)) and found >= today:
            return found
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return None
