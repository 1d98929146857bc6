"""How values are said aloud: digits, amounts, dates and times as English speakers say them."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from voiceagent.speech.english_aloud import DIGITS, digit_groups, ordinal

_CURRENCIES = {
    "EUR": ("euro", "euros", "cent", "cents"),
    "USD": ("dollar", "dollars", "cent", "cents"),
    "GBP": ("pound", "pounds", "penny", "pence"),
}


def spoken_digits(value: Any) -> str:
    """Digits one by one, in groups of three or four: ``471229`` as "four seven one, two two nine".

    Letters among them are kept, one by one.
    """
    return digit_groups("".join(re.findall(r"[0-9A-Za-z]", str(value))))


def spoken_phone(value: Any) -> str:
    """A telephone number digit by digit: ``+4420`` as "plus four four two zero"."""
    plus = "plus " if str(value).strip().startswith("+") else ""
    return plus + spoken_digits(value)


_SPELLED_SIGNS = {"-": "hyphen", "'": "apostrophe", ".": "dot", "_": "underscore"}


def spoken_spelling(value: Any) -> str:
    """A name or a code character by character: ``Lee-K7`` as "L, E, E, hyphen, K, seven"."""
    said = [
        DIGITS[int(c)] if c in "0123456789" else _SPELLED_SIGNS.get(c, c.upper())
        for c in "".join(str(value).split())
    ]
    return ", ".join(said)


def spoken_amount(value: Any, currency: str = "EUR") -> str:
    """An amount of money: ``47.5`` as "47 euros and 50 cents".

    Args:
        currency: EUR, USD or GBP (ISO 4217); another code is said after the number.

    Raises:
        ValueError: `value` is not a number.
    """
    try:
        amount = Decimal(str(value).replace(",", "")).quantize(Decimal("0.01"))
    except InvalidOperation:
        raise ValueError(f"{value!r} is not an amount") from None
    whole, part = divmod(abs(amount), 1)
    cents = int(part * 100)
    sign = "minus " if amount < 0 else ""
    if currency not in _CURRENCIES:
        return f"{sign}{abs(amount)} {currency}"
    one, many, cent, cent_many = _CURRENCIES[currency]
    major = f"{int(whole)} {one if whole == 1 else many}"
    minor = f"{cents} {cent if cents == 1 else cent_many}"
    if not cents:
        return sign + major
    return sign + (minor if not whole else f"{major} and {minor}")


def spoken_date(value: Any, today: date | None = None) -> str:
    """A date: ``2025-11-25`` as "Tuesday, the 25th of November"; more than half a year
    from today as "the 3rd of May 1984".

    Raises:
        ValueError: `value` is not an ISO 8601 date.
    """
    day = _as_date(value)
    text = f"the {ordinal(day.day)} of {day:%B}"
    if today is not None and abs((day - today).days) < 180:
        return f"{day:%A}, {text}"
    return f"{text} {day.year}"


def spoken_time(value: Any) -> str:
    """A time of day: ``17:30`` as "5 30 p.m.", ``09:00`` as "9 a.m.".

    Raises:
        ValueError: `value` is not an ISO 8601 time.
    """
    moment = value if isinstance(value, time) else time.fromisoformat(str(value).zfill(5))
    half = "a.m." if moment.hour < 12 else "p.m."
    hour = moment.hour % 12 or 12
    if not moment.minute:
        return f"{hour} {half}"
    minute = f"oh {moment.minute}" if moment.minute < 10 else str(moment.minute)
    return f"{hour} {minute} {half}"


def spoken_list(values: Any, word: str = "and") -> str:
    """``["a", "b", "c"]`` as "a, b and c"."""
    items = [str(value) for value in values]
    return f" {word} ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def _as_date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
