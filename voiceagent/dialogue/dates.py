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

from voiceagent.dialogue.corrections import latest

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
_YEAR_FIRST = re.compile(rf"\b(\d{{4}}|20 \d{{2}}),? {_MONTH},? {_DAY_NUMBER}\b")
_SLASHED = re.compile(r"\b(\d{1,2})([/.-])(\d{1,2})(?:\2(\d{4}|\d{2}))?(?![./-]?\d)")
_BY_NUMBERS = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th) of the (\d{1,2})(?:st|nd|rd|th)\b")
_AGO = re.compile(r"\b(a|an|\d+) (day|week|fortnight)s? ago\b")
_FROM_NOW = re.compile(
    r"\b(?:in )?(a|an|\d+) (day|week|fortnight|month|year)s?'? (?:from (?:now|today)|time)\b"
    r"|\bin (a|an|\d+) (day|week|fortnight|month|year)s?\b"
)
_WEEKS_FROM = re.compile(
    rf"\b(a|\d) (week|fortnight)s? (?:(?:from|on|after|come) )?(today|tomorrow|{_DAY})\b"
    rf"|\b(today|tomorrow|{_DAY}) (week|fortnight)\b"
)
_OF_MONTH = re.compile(r"\b(?:(\d{1,2})(?:st|nd|rd|th)|(last) day) of (next|this|the) month\b")
_NTH_WEEKDAY = re.compile(
    rf"\b(\d)(?:st|nd|rd|th) {_DAY} (?:of|in) (next month|this month|the month|{_MONTH})"
)
_FEASTS = {
    "christmas eve": (12, 24), "christmas": (12, 25), "boxing day": (12, 26),
    "new year's eve": (12, 31), "new years eve": (12, 31), "new year's": (1, 1),
    "new years": (1, 1), "valentine's day": (2, 14), "halloween": (10, 31),
}  # fmt: skip
"""Days that have a name, with month and day; the longer names first."""
MONTH_FIRST = frozenset({"US", "PH", "CA"})
"""Regions (ISO 3166) that write the month before the day."""
_WEEKDAY = re.compile(rf"\b(?:(this|next|coming|following|last) )?(?:week )?{_DAY}\b")
_WEEKDAY_THE = re.compile(rf"\b{_DAY},? (?:the )?(\d{{1,2}})(?:st|nd|rd|th)\b")
_BARE_DAY = re.compile(r"\b(?:on )?the (\d{1,2})(?:st|nd|rd|th)\b")
_ORDINAL_ALONE = re.compile(r"^\W*(?:the )?(\d{1,2})(?:st|nd|rd|th)\W*$")


def find_date(
    text: str,
    today: date,
    *,
    expected: bool = False,
    past: bool = False,
    month_first: bool = True,
) -> str | None:
    """A date in the text as ISO 8601, the coming one where the year is left out, or None.

    Args:
        today: what "tomorrow" and the like are counted from.
        expected: a date was asked for, so that dateparser may try whatever was said.
        past: the last one where the year is left out, such as for a date of birth.
        month_first: whether 5/3 is the third of May, not the fifth of March.
    """
    found = latest(text, lambda part: _resolve(_plain(part), today, past, month_first))
    if found is None and expected:
        parsed = dateparser.parse(
            _plain(text),
            languages=["en"],
            settings={
                "RELATIVE_BASE": datetime(today.year, today.month, today.day),
                "PREFER_DATES_FROM": "past" if past else "future",
                "REQUIRE_PARTS": ["day"],
                "DATE_ORDER": "MDY" if month_first else "DMY",
                "RETURN_AS_TIMEZONE_AWARE": False,
            },
        )
        found = parsed.date() if parsed else None
    return found.isoformat() if found else None


def _plain(text: str) -> str:
    said = str(
        alpha2digit(
            re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text.lower().replace("’", "'")),
            "en",
            threshold=0.0,
        )
    )
    return re.sub(r"\s+", " ", re.sub(rf"({_DAY}),", r"\1", said)).strip()


def _resolve(said: str, today: date, past: bool, month_first: bool) -> date | None:
    if match := _ISO.search(said):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := _YEAR_FIRST.search(said):
        return _nearest(today, past, int(match[3]), _MONTHS[match[2]], match[1])
    if match := _DAY_MONTH.search(said):
        return _nearest(today, past, int(match[1]), _MONTHS[match[2]], match[3])
    if match := _MONTH_DAY.search(said):
        return _nearest(today, past, int(match[2]), _MONTHS[match[1]], match[3])
    if (match := _BY_NUMBERS.search(said)) and int(match[2]) <= 12:
        return _nearest(today, past, int(match[1]), int(match[2]), None)
    if match := _NTH_WEEKDAY.search(said):
        return _nth_weekday(today, int(match[1]), match[2], match[3])
    if match := _OF_MONTH.search(said):
        return _day_of_this_or_next(today, match[1], match[3] == "next")
    for match in _SLASHED.finditer(said):
        if match[2] == "/" or match[4]:
            return _slashed(today, past, month_first, match)
    for name, (month, day) in _FEASTS.items():
        if re.search(rf"\b{name}\b", said):
            return _nearest(today, past, day, month, None)
    if "day after tomorrow" in said:
        return today + timedelta(days=2)
    if "day before yesterday" in said:
        return today - timedelta(days=2)
    if match := _WEEKS_FROM.search(said):
        count, unit, start = match[1] or "a", match[2] or match[7], match[3] or match[5]
        days = {"today": today, "tomorrow": today + timedelta(days=1)}
        return _later(days.get(start) or _weekday(today, start), count, unit)
    if match := _AGO.search(said):
        ahead = _later(today, match[1], match[2])
        return today - (ahead - today) if ahead else None
    if match := _FROM_NOW.search(said):
        return _later(today, match[1] or match[3], match[2] or match[4])
    if match := _WEEKDAY_THE.search(said):
        return _day_of_month(today, int(match[2]))
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


def _slashed(today: date, past: bool, month_first: bool, match: re.Match[str]) -> date | None:
    """A date in figures; where the order cannot be the region's, it is the other one."""
    day, month = int(match[1]), int(match[3])
    # With full stops the day comes first wherever they are written.
    if (month_first and match[2] != "." and day <= 12) or month > 12:
        day, month = month, day
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return _nearest(today, past, day, month, match[4])


def _day_of_this_or_next(today: date, day: str | None, following: bool) -> date | None:
    """A day of this month or the next one, its last where none is given."""
    start = _later(today.replace(day=1), "1", "month") if following else today.replace(day=1)
    assert start is not None
    last = calendar.monthrange(start.year, start.month)[1]
    return _date(start.year, start.month, int(day or last))


def _nth_weekday(today: date, count: int, name: str, month: str) -> date | None:
    """The second Tuesday of a month, if it has so many."""
    if month.endswith("month"):
        first = _day_of_this_or_next(today, "1", month.startswith("next"))
    else:
        year = today.year + (_MONTHS[month.rstrip(".")] < today.month)
        first = date(year, _MONTHS[month.rstrip(".")], 1)
    assert first is not None
    found = first + timedelta(days=(_DAYS[name] - first.weekday()) % 7 + 7 * (count - 1))
    return found if found.month == first.month else None


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
