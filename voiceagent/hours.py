"""Working hours, written as "Mon-Fri 09:00-17:00", and when somebody is at work by them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60
_SPAN = re.compile(r"(?:(?P<days>[a-z,\s-]+)\s)?\s*(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)", re.I)
_LOOK_AHEAD_DAYS = 60
_MEND = 'write such as "Mon-Fri 09:00-17:00" or "Sat,Sun 10:00-14:00"'


@dataclass(frozen=True)
class Span:
    """Hours of the week, in minutes from the midnight that their day begins with."""

    days: frozenset[int]
    """Days on which it begins, 0 for Monday."""
    opens: int
    closes: int
    """More than a day's minutes when it ends on the day after."""


@dataclass(frozen=True)
class Holiday:
    """A day off, in one year or in each."""

    month: int
    day: int
    year: int | None = None

    def __contains__(self, day: date) -> bool:
        return (day.month, day.day) == (self.month, self.day) and self.year in (None, day.year)


ALWAYS = Span(frozenset(range(7)), 0, _DAY)


def parse_span(text: str) -> Span:
    """Hours as people write them; without days every day, over midnight when the end is earlier.

    Raises:
        ValueError: it cannot be read; the text says what to write.
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} are no hours: {_MEND}")
    opens, closes = (int(found[n]) * 60 + int(found[n + 1]) for n in (2, 4))
    if max(int(found[3]), int(found[5])) > 59 or opens >= _DAY or closes > _DAY:
        raise ValueError(f"{text!r} has no such time of day: {_MEND}")
    if opens == closes:
        raise ValueError(f"{text!r} ends as it begins: for the whole day write 00:00-24:00")
    days = _days(found["days"]) if found["days"] else ALWAYS.days
    return Span(days, opens, closes if closes > opens else closes + _DAY)


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in filter(None, re.split(r"[,\s]+", re.sub(r"\s*-\s*", "-", text.lower()))):
        first, _, last = part.partition("-")
        begin, end = _day(first), _day(last or first)
        days.update((begin + n) % 7 for n in range((end - begin) % 7 + 1))
    return frozenset(days)


def _day(text: str) -> int:
    if text[:3] not in _DAYS or len(text) < 2:
        raise ValueError(f"{text!r} is no day of the week: {_MEND}")
    return _DAYS.index(text[:3])


def parse_holiday(value: object) -> Holiday:
    """A day as a date, "2026-12-25", or of every year, "12-25".

    Raises:
        ValueError: there is no such day.
    """
    if isinstance(value, date):
        return Holiday(value.month, value.day, value.year)
    text = str(value)
    yearly = re.fullmatch(r"\d\d-\d\d", text)
    try:
        day = date.fromisoformat(f"2000-{text}" if yearly else text)
    except ValueError as error:
        raise ValueError(
            f'{text!r} is no day: write 2026-12-25, or "12-25" for every year'
        ) from error
    return Holiday(day.month, day.day, None if yearly else day.year)


@dataclass(frozen=True)
class Timetable:
    """When somebody works. Without spans always, but for the holidays.

    Hours are those of the clock on the wall there, so that they stay what they are when the
    clocks change. Every instant given has to know its time zone.
    """

    spans: tuple[Span, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    zone: tzinfo = UTC

    def open_at(self, at: datetime) -> bool:
        """Whether it is working time."""
        return self._around(at) is not None

    def closes(self, at: datetime) -> datetime | None:
        """When the working time that `at` lies in ends; None when it lies in none or it never
        does."""
        end = self._around(at)
        if end is None:
            return None
        limit = at + timedelta(days=_LOOK_AHEAD_DAYS)
        while (further := self._around(end)) is not None:
            end = further
            if end > limit:
                return None
        return end

    def opens(self, at: datetime) -> datetime | None:
        """When the next working time begins, as the clock there says; None when none does in
        the coming weeks."""
        today = at.astimezone(self.zone).date()
        starts = (
            self._wall(day, span.opens)
            for day in (today + timedelta(days=n) for n in range(_LOOK_AHEAD_DAYS))
            for span in self._spans
            if self._begins(span, day)
        )
        return min((start for start in starts if start > at), default=None)

    @property
    def _spans(self) -> tuple[Span, ...]:
        return self.spans or (ALWAYS,)

    def _around(self, at: datetime) -> datetime | None:
        """The end of the span that an instant lies in."""
        today = at.astimezone(self.zone).date()
        ends = [
            self._wall(day, span.closes)
            for day in (today - timedelta(days=1), today)
            for span in self._spans
            if self._begins(span, day)
            and self._wall(day, span.opens) <= at < self._wall(day, span.closes)
        ]
        return max(ends, default=None)

    def _begins(self, span: Span, day: date) -> bool:
        return day.weekday() in span.days and not any(day in off for off in self.holidays)

    def _wall(self, day: date, minutes: int) -> datetime:
        days, rest = divmod(minutes, _DAY)
        wall = time(rest // 60, rest % 60)
        return datetime.combine(day + timedelta(days=days), wall, tzinfo=self.zone)
