"""Times of day as callers say them: "half past three", "quarter to nine pm", "18:30". English."""

from __future__ import annotations

import re

from voiceagent.dialogue.corrections import latest
from voiceagent.dialogue.numerals import numerals

_HALF = r"(?:\s*(?P<half>am|pm))?"
_PARTS = {"half": 30, "quarter": 15, "a quarter": 15}
_NAMED = re.compile(r"\b(noon|midday|midnight)\b")
_PAST = re.compile(
    r"\b(?P<minutes>half|(?:a )?quarter|\d{1,2})(?: minutes?)? "
    rf"(?P<way>past|after|to|till?|before|of) (?P<hour>\d{{1,2}}|noon|midday|midnight)\b{_HALF}"
)
_HALF_HOUR = re.compile(rf"\bhalf (?P<hour>\d{{1,2}})\b{_HALF}")
_CLOCK = re.compile(rf"\b(?P<hour>\d{{1,2}})(?P<mark>[:.])(?P<minutes>\d{{2}})\b(?![:.]\d){_HALF}")
_SPOKEN = re.compile(rf"\b(?P<hour>\d{{1,2}}) (?:oh |o |0 )?(?P<minutes>\d{{1,2}})\b{_HALF}")
_MILITARY = re.compile(r"\b(?P<hour>\d{1,2})(?P<minutes>\d{2})\b(?: hours)?")
_HOUR = re.compile(
    rf"\b(?P<hour>\d{{1,2}})(?: (?P<clock>o'clock))?\b{_HALF}(?![:/.]?\d|\s*%| (?:to|past|till?)\b)"
)
_AT_HOUR = re.compile(r"\b(?:at|around|about|by|before|after) (?=\d)")
_EARLIEST_NIGHT = 6
_AFTERNOON_UNTIL = 6
"""An hour up to this one is in the afternoon when nothing says otherwise."""


def find_time(text: str, *, expected: bool = False) -> str | None:
    """A time of day as ``HH:MM``.

    One to six without a word for it are in the afternoon; seven to twelve are as they are said.

    Args:
        expected: a time was asked for, so that a bare number counts; else something has to say
            that it is one.
    """
    return latest(text, lambda part: _time(part, expected))


def _time(text: str, expected: bool) -> str | None:
    said = _plain(text)
    if match := _PAST.search(said):
        return _relative(said, match)
    if match := _NAMED.search(said):
        return "00:00" if match[1] == "midnight" else "12:00"
    day_part = _day_part(said)
    if (match := _HALF_HOUR.search(said)) and (expected or match["half"] or day_part):
        return _clock(said, match["hour"], 30, match["half"])
    for match in _CLOCK.finditer(said):
        if expected or match["half"] or match["mark"] == ":":
            return _clock(said, match["hour"], int(match["minutes"]), match["half"])
    for match in _SPOKEN.finditer(said):
        if expected or match["half"] or day_part:
            return _clock(said, match["hour"], int(match["minutes"]), match["half"])
    if expected and (match := _MILITARY.search(said)):
        hour = match["hour"].zfill(2)
        return _clock(said, hour, int(match["minutes"]), None)
    start = at.end() if (at := _AT_HOUR.search(said)) else 0
    for match in (*_HOUR.finditer(said, start), *_HOUR.finditer(said)):
        plain = expected or match["half"] or match["clock"]
        if plain and (found := _clock(said, match["hour"], 0, match["half"])):
            return found
    return None


def _plain(text: str) -> str:
    said = text.lower().replace("’", "'")
    said = re.sub(r"(?<![a-z])([ap])\.? ?m\b\.?", r"\1m", said)
    said = re.sub(r"\bo'? ?clock\b", "o'clock", said)
    said = numerals(said)
    said = re.sub(r"^(\D*)\boh (?=\d)", r"\g<1>0", said)
    return re.sub(r"(?<=\d)(?=[ap]m\b)", " ", said)


def _relative(said: str, match: re.Match[str]) -> str | None:
    """Minutes before or after an hour."""
    minutes = _PARTS.get(match["minutes"]) or int(match["minutes"])
    if match["way"] == "of" and "quarter" not in match["minutes"]:
        return None
    named = {"noon": "12:00", "midday": "12:00", "midnight": "00:00"}.get(match["hour"])
    whole = named or _clock(said, match["hour"], 0, match["half"])
    if whole is None or minutes > 59:
        return None
    past = match["way"] in ("past", "after")
    total = (int(whole[:2]) * 60 + (minutes if past else -minutes)) % (24 * 60)
    return f"{total // 60:02}:{total % 60:02}"


def _clock(said: str, hour_said: str, minutes: int, half: str | None) -> str | None:
    hour = int(hour_said)
    if hour > 24 or minutes > 59 or (half and hour > 12 and half == "am"):
        return None
    if "night" in said and (hour == 12 or hour < _EARLIEST_NIGHT):
        half = "am"
    half = half or _day_part(said) or _unsaid(hour, hour_said)
    if hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return f"{hour % 24:02}:{minutes:02}"


def _unsaid(hour: int, hour_said: str) -> str:
    """The half of the day that is meant when nobody says it."""
    exact = hour_said.startswith("0")
    return "pm" if hour == 12 or (hour <= _AFTERNOON_UNTIL and not exact) else "am"


def _day_part(said: str) -> str | None:
    if "morning" in said:
        return "am"
    return "pm" if re.search(r"\b(afternoon|evening|tonight|night)\b", said) else None
