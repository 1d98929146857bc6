"""English as it is read: what stands in figures, signs and abbreviations, in words.

Numbers that a voice reads rightly by itself ("12", "1,250", "3rd", "2.5") are left to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
ABBREVIATIONS = {
    "Mr.": "Mister", "Mrs.": "Missis", "Ms.": "Miz", "Dr.": "Doctor", "Prof.": "Professor",
    "St.": "Saint", "No.": "number", "Nr.": "number", "e.g.": "for example", "i.e.": "that is",
    "etc.": "and so on", "approx.": "approximately", "incl.": "including", "excl.": "excluding",
    "vs.": "versus", "min.": "minutes", "max.": "at most", "hrs.": "hours", "tel.": "telephone",
    "Tel.": "telephone", "ext.": "extension", "dept.": "department", "Ltd.": "limited",
    "Inc.": "incorporated", "Co.": "company", "Ave.": "Avenue", "Rd.": "Road", "Blvd.": "Boulevard",
    "Mon.": "Monday", "Tue.": "Tuesday", "Tues.": "Tuesday", "Wed.": "Wednesday",
    "Thu.": "Thursday", "Thurs.": "Thursday", "Fri.": "Friday", "Sat.": "Saturday",
    "Sun.": "Sunday", "Jan.": "January", "Feb.": "February", "Mar.": "March", "Apr.": "April",
    "Jun.": "June", "Jul.": "July", "Aug.": "August", "Sept.": "September", "Sep.": "September",
    "Oct.": "October", "Nov.": "November", "Dec.": "December",
}  # fmt: skip
"""None of them ends a sentence, except at its very end."""
_UNITS = {
    "kg": "kilogram", "g": "gram", "mg": "milligram", "km": "kilometre", "cm": "centimetre",
    "mm": "millimetre", "m": "metre", "ml": "millilitre", "l": "litre", "kWh": "kilowatt hour",
    "kW": "kilowatt", "W": "watt", "V": "volt", "GB": "gigabyte", "MB": "megabyte",
    "TB": "terabyte", "Mbps": "megabit", "lb": "pound", "lbs": "pound", "oz": "ounce",
    "ft": "foot", "mi": "mile", "h": "hour", "hr": "hour", "hrs": "hour", "min": "minute",
    "mins": "minute", "sec": "second", "secs": "second", "km/h": "kilometre an hour",
    "mph": "mile an hour", "m²": "square metre", "°C": "degree Celsius", "°F": "degree Fahrenheit",
    "°": "degree",
}  # fmt: skip
_CURRENCIES = {
    "$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny"), "¥": ("yen", ""),
    "USD": ("dollar", "cent"), "EUR": ("euro", "cent"), "GBP": ("pound", "penny"),
    "CHF": ("Swiss franc", "centime"), "JPY": ("yen", ""),
}  # fmt: skip
_UNCOUNTED = {"yen"}
_PLURALS = {"penny": "pence", "foot": "feet"}
_FRACTIONS = {
    "1/2": "a half", "½": "a half", "1/4": "a quarter", "¼": "a quarter", "3/4": "three quarters",
    "¾": "three quarters", "1/3": "a third", "2/3": "two thirds",
}  # fmt: skip
_SIGNS = {
    ".": "dot", "@": "at", "_": "underscore", "-": "dash", "+": "plus", "/": "slash",
    "?": "question mark", "=": "equals", "&": "and", "#": "hash", "%": "percent", "~": "tilde",
    ":": "colon",
}  # fmt: skip
_SPOKEN_ENDINGS = {"com", "org", "net", "edu", "gov", "info", "biz", "co", "shop", "app", "online"}

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_MONTH = rf"(?:{'|'.join(_MONTHS)})"
_SIGN = r"(?:[$€£¥]|\b(?:USD|EUR|GBP|CHF|JPY)\b)"
_SCALE = r"(?: (?P<scale>million|billion|thousand)\b)?"
_YEAR = r"(?:1[1-9]|20)\d\d"
_IDENTIFIER = (
    r"(?:order|number|account|customer|reference|ref|code|pin|id|invoice|case|ticket|booking|"
    r"parcel|tracking|policy|member|contract|extension|postcode|zip)"
)


def read_english(text: str, *, month_first: bool = True) -> str:
    """A sentence with everything in it in words, or in figures that a voice reads rightly.

    Reading what was read already changes nothing.

    Args:
        month_first: whether 5/3/2026 is the third of May, not the fifth of March.
    """
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    text = _SLASHED.sub(lambda found: _slashed(found, month_first), text)
    for pattern, replacement in _NUMBER_RULES:
        text = pattern.sub(replacement, text)
    return _DOUBLED.sub(r"\1", " ".join(text.split()))


def digit_groups(characters: str) -> str:
    """Digits and letters one by one, in groups of three or four: ``471229`` as "four seven one,
    two two nine"."""
    words = [DIGITS[int(c)] if c in "0123456789" else c.upper() for c in characters]
    count = len(words)
    size = 4 if count % 4 == 0 or (count > 4 and count % 3 == 1) else 3
    return ", ".join(" ".join(words[at : at + size]) for at in range(0, count, size))


# -- addresses ----------------------------------------------------------------------------------


def _address(found: re.Match[str]) -> str:
    """An e-mail or web address: its parts in words, a country's ending letter by letter."""
    text = re.sub(r"^https?://", "", found[0])
    host = re.split(r"/", text.rpartition("@")[2])[0]
    said = []
    for piece in re.findall(r"[A-Za-z]+|\d+|[^A-Za-z\d]", text):
        if piece in _SIGNS:
            said.append(_SIGNS[piece])
        elif piece.isdigit() and (piece[0] == "0" or len(piece) > 4):
            said.append(" ".join(DIGITS[int(c)] for c in piece))
        elif piece.lower() == "www" or (len(piece) == 2 and host.endswith(f".{piece}")):
            said.append(piece if piece in _SPOKEN_ENDINGS else " ".join(piece.upper()))
        else:
            said.append(piece)
    return " ".join(said)


# -- dates and times ----------------------------------------------------------------------------


def ordinal(number: int) -> str:
    """``1`` as "1st", ``12`` as "12th"."""
    teen = 10 <= number % 100 <= 20
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _year(year: str) -> str:
    """A year in two halves, as "19 84" and "20 25"; "2005" is left as it is."""
    if year[1:3] == "00":
        return year
    if year.endswith("00"):
        return f"{year[:2]} hundred"
    return f"{year[:2]} {'oh ' if year[2] == '0' else ''}{int(year[2:])}"


def _day_month(day: int, month: int, year: str, written: str) -> str:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return written
    said = f"the {ordinal(day)} of {_MONTHS[month - 1]}"
    return f"{said} {_year(year)}" if year else said


def _iso(found: re.Match[str]) -> str:
    return _day_month(int(found[3]), int(found[2]), found[1], found[0])


def _slashed(found: re.Match[str], month_first: bool) -> str:
    first, second = int(found[1]), int(found[3])
    month_leads = (month_first and found[2] != "." and first <= 12) or second > 12
    day, month = (second, first) if month_leads else (first, second)
    year = found[4] if len(found[4]) == 4 else f"20{found[4]}"
    return _day_month(day, month, year, found[0])


def _written_day(found: re.Match[str]) -> str:
    the = "" if found["the"] else "the "
    return f"{found['the'] or ''}{the}{ordinal(int(found['day']))} of {found['month']}"


def _clock(found: re.Match[str]) -> str:
    """A time of day: "9:05 a.m.", "18:30", "09:00"."""
    hour, minute = int(found["hour"]), int(found["minute"])
    if hour > 24 or minute > 59:
        return found[0]
    half = (found["half"] or "")[:1].lower()
    by_24 = hour > 12 or hour == 0 or found["hour"].startswith("0")
    half = half or (("p" if 12 <= hour < 24 else "a") if by_24 else "")
    said = str(hour % 12 or 12)
    if minute:
        said += f" oh {minute}" if minute < 10 else f" {minute}"
    elif not half:
        said += " o'clock"
    return f"{said} {half}.m." if half else said


_DOUBLED = re.compile(r"(\b[ap]\.m\.)\.")
"""A sentence that ends in "p.m." has its full stop already."""
_SLASHED = re.compile(r"(?<![\d/.-])(\d{1,2})([/.])(\d{1,2})\2(\d{4}|\d{2})(?![\d/-])")
_HALF = r"(?:\s?(?P<half>[ap])\.?\s?m\b\.?)"


# -- money and measures -------------------------------------------------------------------------


def _counted(number: str, unit: str) -> str:
    one = number in ("1", "a")
    if one or unit in _UNCOUNTED:
        return f"{number} {unit}"
    first, _, rest = unit.partition(" ")
    if unit == "Swiss franc":
        return f"{number} Swiss francs"
    if first == "square":
        return f"{number} {unit}s"
    return f"{number} {_PLURALS.get(first, first + 's')}{' ' + rest if rest else ''}"


def _money(found: re.Match[str]) -> str:
    number, scale = found["number"], found["scale"]
    major, minor = _CURRENCIES[found["sign"]]
    if scale:
        return f"{number} {scale} {_counted('2', major).split(' ', 1)[1]}"
    whole, _, cents = number.partition(".")
    part = int(cents.ljust(2, "0")[:2]) if cents else 0
    if not part or not minor:
        return _counted(whole, major)
    if whole == "0":
        return _counted(str(part), minor)
    return f"{_counted(whole, major)} and {_counted(str(part), minor)}"


def _money_in_words(found: re.Match[str]) -> str:
    """An amount with its currency in words: "12.50 dollars"."""
    unit = found["unit"].rstrip("s")
    minor = {"dollar": "cent", "euro": "cent", "pound": "penny"}[unit]
    cents = _counted(str(int(found["cents"])), minor)
    return f"{_counted(found['whole'], unit)} and {cents}"


def _measure(found: re.Match[str]) -> str:
    return _counted(found["number"], _UNITS[found["unit"]])


# -- numbers read digit by digit ----------------------------------------------------------------


def _telephone(found: re.Match[str]) -> str:
    groups = [group for group in re.split(r"[\s()./-]+", found[0].lstrip("+")) if group]
    said = ", ".join(" ".join(DIGITS[int(c)] for c in group) for group in groups)
    if len(groups) == 1:
        said = digit_groups(groups[0])
    return f"plus {said}" if found[0].startswith("+") else said


def _one_by_one(found: re.Match[str]) -> str:
    return digit_groups(found["digits"])


_CODE_LETTERS = 3
"""More letters in a row are a word."""


def _mixed(found: re.Match[str]) -> str:
    """A code of letters and digits: letters one by one, a comma where the kind changes."""
    parts = re.findall(r"[A-Z]+|\d+", found[0])
    if any(len(part) > _CODE_LETTERS and part.isalpha() for part in parts):
        return found[0]
    if len(parts) == 2:
        return ", ".join(digit_groups(part) if part.isdigit() else " ".join(part) for part in parts)
    return digit_groups("".join(parts))


_Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

_SHORT_FORM = "|".join(re.escape(form) for form in ABBREVIATIONS if form not in ("No.", "min."))
_RULES: tuple[_Rule, ...] = (
    (
        re.compile(
            r"(?:https?://|www\.)[^\s,;!)]*[\w/]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|"
            r"\b[a-z][\w-]*\.(?:com|org|net|co\.uk|io|de|eu)(?:/[^\s,;!)]*[\w/])?(?!\w)"
        ),
        _address,
    ),
    (re.compile(r"(?<!\w)No\. ?(?=\d)"), "number "),
    (re.compile(r"(?<=\d) min\."), " minutes"),
    (re.compile(r"(?<=[a-z]) St\.(?!\w)"), " Street"),
    (re.compile(rf"(?<!\w)({_SHORT_FORM})(?!\w)"), lambda m: ABBREVIATIONS[m[1]]),
    (re.compile(r"\s*&\s*"), " and "),
    (re.compile(r"(?<!\w)#(?=\d)"), "number "),
    (re.compile(r"\b24/7\b"), "24 7"),
    (re.compile(rf"\b({_YEAR})-(\d\d)-(\d\d)\b"), _iso),
)
_NUMBER_RULES: tuple[_Rule, ...] = (
    (
        re.compile(
            r"(?<![\w.,$€£])(?:\+\d[\d\s()/-]{6,}\d|\(\d{2,5}\)[\d\s-]{5,}\d"
            r"|0\d{1,5}[\s/-]\d[\d\s-]{3,}\d|(?:1-)?\d{3}[-. ]\d{3}[-. ]\d{4})(?![\w%])"
        ),
        _telephone,
    ),
    (
        re.compile(
            rf"(?P<the>\b[Tt]he )?\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? "
            rf"(?P<month>{_MONTH})\b"
        ),
        _written_day,
    ),
    (
        re.compile(
            rf"\b({_MONTH}) (\d{{1,2}})\b(?!(?:st|nd|rd|th|:|\.?\d)| (?:\d\d|oh|hundred)\b)"
        ),
        lambda m: f"{m[1]} {ordinal(int(m[2]))}",
    ),
    (
        re.compile(
            rf"(?P<before>\b(?:{_MONTH},?|{_MONTH} \d{{1,2}}(?:st|nd|rd|th),?|[Ii]n|[Ss]ince|"
            rf"[Uu]ntil|[Yy]ear) )(?P<year>{_YEAR})\b(?![:.,]?\d|\s?%)"
        ),
        lambda m: m["before"] + _year(m["year"]),
    ),
    (re.compile(rf"\b(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::\d\d)?(?!\d){_HALF}?"), _clock),
    (re.compile(rf"\b(?P<hour>\d{{1,2}})\.(?P<minute>\d{{2}}){_HALF}"), _clock),
    (re.compile(r"\b(\d{1,2})\s?([ap])\.?m\b\.?", re.I), lambda m: f"{m[1]} {m[2].lower()}.m."),
    (re.compile(rf"(?P<sign>{_SIGN})\s?(?P<number>{_NUMBER}){_SCALE}"), _money),
    (re.compile(rf"(?<![\w.])(?P<number>{_NUMBER}){_SCALE}\s?(?P<sign>{_SIGN})"), _money),
    (
        re.compile(
            r"(?<![\w.])(?P<whole>\d[\d,]*)\.(?P<cents>\d\d) (?P<unit>dollars?|euros?|pounds?)\b"
        ),
        _money_in_words,
    ),
    (re.compile(r"(?<![\w.,/])(\d)/(\d)(?![\w/])|[½¼¾]"), lambda m: _FRACTIONS.get(m[0], m[0])),
    (re.compile(rf"(?<![\w.,-])({_NUMBER})\s?[-–—]\s?(?=(?:{_NUMBER})(?![\d-]))"), r"\1 to "),
    (re.compile(r"(?<![\w\d.)])[-−](?=\d)"), "minus "),
    (
        re.compile(
            rf"(?<![\w.])(?P<number>{_NUMBER})\s?(?P<unit>"
            + "|".join(re.escape(u) for u in sorted(_UNITS, key=len, reverse=True))
            + r")(?![\w/²°])"
        ),
        _measure,
    ),
    (re.compile(rf"({_NUMBER})\s?%"), r"\1 percent"),
    (
        re.compile(r"(?<![\w-])(?=[A-Z\d-]*\d)(?=[A-Z\d-]*[A-Z])(?:[A-Z\d]-?){3,}[A-Z\d](?![\w-])"),
        _mixed,
    ),
    (
        re.compile(
            rf"\b(?P<what>{_IDENTIFIER}(?: (?:number|code|id|is))*:? )"
            r"(?P<digits>\d{3,})\b(?![.,]\d)",
            re.I,
        ),
        lambda m: m["what"] + digit_groups(m["digits"]),
    ),
    (re.compile(r"(?<![\w.,])(?P<digits>0\d+)(?![\w.,]*\d|[%°])"), _one_by_one),
    (re.compile(r"(?<![\w.,])(?P<digits>\d{5,}(?<!000))(?![\w%°]|[.,]\d)"), _one_by_one),
)
