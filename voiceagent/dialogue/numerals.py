"""Numbers in recognised text: digits read out, counts, amounts of money.

They are read as recognisers really write them: "471-229", "4-7-1, 2-2-9.", "Four, seven, one.",
"oh four double seven", "$12.50", "twelve fifty". English.
"""

from __future__ import annotations

import functools
import math
import re

from text_to_num import alpha2digit

from voiceagent.dialogue.corrections import latest, mended, versions

REPEATS = {"double": 2, "twice": 2, "triple": 3, "treble": 3}
_ZERO = {"oh", "o", "zero", "nought", "naught", "nil"}
_SOUND_ALIKE = {"for": "4", "fore": "4", "to": "2", "too": "2", "ate": "8", "won": "1", "tree": "3"}
_GLUE = {"and", "then", "dash", "hyphen", "minus", "slash", "point", "um", "uh", "er", "erm", "hm"}
_TOKEN = re.compile(r"[$€£]?\d+(?:[.,:/]\d+)*(?:st|nd|rd|th)?%?|[a-z']+", re.I)


@functools.lru_cache(maxsize=256)  # each kind of value is looked for in the same few texts
def numerals(text: str) -> str:
    """Number words as numerals; "forty seven twelve" becomes ``47 12``."""
    text = text.replace("niner", "nine")
    text = re.sub(r"(?<=[a-z])-(?=[a-z])|(?<=\d)-(?=[\da-z])|(?<=[a-z])-(?=\d)", " ", text)
    # A comma between number words keeps them apart: "Four, seven" is two digits.
    return str(alpha2digit(text, "en", threshold=0.0))


# -- digits -------------------------------------------------------------------------------------


def find_digits(text: str, *, expected: bool = False, lengths: range = range(1, 41)) -> str | None:
    """The digits somebody read out, joined: "oh four double seven" as ``0477``.

    The longest run counts. After a word of correction ("no", "I mean") it is what follows, or
    the run before with its end replaced: "471228, sorry, 9".

    Args:
        expected: digits were asked for, so that a single one counts as well; else a run needs
            three.
        lengths: how many digits there may be. A word that only sounds like a digit ("for") is
            taken for one if that makes the number right.
    """
    least = 1 if expected else 3
    found = _longest(text, least)
    after, *before = [run for part in versions(text) if (run := _longest(part, least))] or [""]
    if after:
        found = mended(before[0], after, lengths) if before else after
    if expected and len(found or "") not in lengths:
        bold = _longest(text, 1, bold=True)
        found = bold if len(bold or "") in lengths else found
    return found


def _longest(text: str, least: int, *, bold: bool = False) -> str | None:
    runs = [run for run in _digit_runs(text, bold=bold) if len(run) >= least]
    return max(reversed(runs), key=len, default=None)


def _digit_runs(text: str, *, bold: bool = False) -> list[str]:
    tokens = _TOKEN.findall(numerals(text.lower()))
    lone = all(
        token in _GLUE | _SOUND_ALIKE.keys() or _plain(token) is not None for token in tokens
    )
    runs: list[str] = []
    run, times = "", 1
    for index, token in enumerate(tokens):
        digits = _plain(token)
        if token in _SOUND_ALIKE:
            # "for" is a four only between digits: at a run's end it may well be the word.
            followed = index + 1 < len(tokens) and _plain(tokens[index + 1]) is not None
            digits = _SOUND_ALIKE[token] if bold or lone or (run and followed) else None
        if digits is not None:
            run += digits[0] * (times - 1) + digits
            times = 1
        elif token in REPEATS:
            times = REPEATS[token]
        elif token not in _GLUE:
            runs.append(run)
            run, times = "", 1
    runs.append(run)
    return [run for run in runs if run]


def _plain(token: str) -> str | None:
    """The token's digits when it is one a caller reads out, not an amount, a time or a date."""
    if token in _ZERO:
        return "0"
    if token.isdigit():
        return token
    if re.fullmatch(r"\d+(?:[.,]\d{3})+|\d(?:[.,]\d)+", token):
        return re.sub(r"\D", "", token)
    return None


# -- counts and amounts -------------------------------------------------------------------------

_FIGURE = r"\d+(?:,\d{3})*(?:\.\d+)?"
_MAJOR = r"(?:us |american )?(?:dollars?|euros?|pounds?(?: sterling)?|bucks?|quid|eur|usd|gbp)\b"
_MINOR = r"(?:cents?|pence|pennies|penny|p)\b"
_SPOKEN_AMOUNT = re.compile(
    rf"(?P<major>{_FIGURE})\s*{_MAJOR}(?:\s*(?:and\s*)?(?:oh )?(?P<minor>\d{{1,2}})\b(?!\s*%))?"
)
_SIGNED_AMOUNT = re.compile(rf"[$€£]\s*({_FIGURE})|({_FIGURE})\s*[$€£]")
_MINOR_AMOUNT = re.compile(rf"\b(\d{{1,3}})\s*{_MINOR}")
_PRICE = re.compile(r"(?<![\d.,])(\d{1,3}) (?:oh |0 )?(\d{1,2})(?![\d.,])")
_NUMBER = re.compile(r"(?<![\d.])[$€£]?(-?\d[\d,]*(?:\.\d+)?)(?!\d|st|nd|rd|th)")
_MIXED = re.compile(
    rf"({_FIGURE}) and (a half|a quarter|three quarters|3 quarters)(?: (100|1000|1000000))?\b"
)
_MIXED_PARTS = {"a half": 0.5, "a quarter": 0.25, "three quarters": 0.75, "3 quarters": 0.75}
_WORDS = {"a dozen": 12, "a couple": 2, "a pair": 2, "half a dozen": 6, "none": 0, "both": 2}
_NOTES = {"fiver": 5, "tenner": 10}


def find_number(text: str) -> float | int | None:
    """A count or an amount: "two and a half" as 2.5, "47 dollars and 50 cents" as 47.5."""
    return latest(text, _number)


def find_amount(text: str, *, expected: bool = False) -> float | int | None:
    """An amount of money in whole units: "twelve pounds fifty" as 12.5, "75 cents" as 0.75.

    Args:
        expected: an amount was asked for, so that it need not say of what: "twelve fifty".
    """
    return latest(text, lambda part: _amount(part, expected))


def _number(text: str) -> float | int | None:
    if (money := _amount(text, expected=False)) is not None:
        return money
    said = _figures(text)
    if match := _NUMBER.search(said):
        return _whole(_float(match[1]))
    return next(
        (n for words, n in sorted(_WORDS.items(), key=lambda i: -len(i[0])) if words in said), None
    )


def _amount(text: str, expected: bool) -> float | int | None:
    said = _figures(text)
    if match := _SPOKEN_AMOUNT.search(said):
        return _whole(_float(match["major"]) + int(match["minor"] or 0) / 100)
    if match := _SIGNED_AMOUNT.search(said):
        return _whole(_float(match[1] or match[2]))
    if match := _MINOR_AMOUNT.search(said):
        return _whole(_float(match[1]) / 100)
    if match := re.search(r"\b(fiver|tenner)\b", said):
        return _NOTES[match[1]]
    if not expected:
        return None
    if match := _PRICE.search(said):
        return _whole(_float(match[1]) + int(match[2]) / 100)
    found = _NUMBER.search(said)
    return _whole(_float(found[1])) if found else None


def _figures(text: str) -> str:
    """The text with everything that is a number as one, in lower case: "a pound", "3 grand"."""
    # Continental commas, for one that is followed by cents: "19,99".
    said = re.sub(r"(?<![\d.,])(\d+),(\d{2})(?![\d,])", r"\1.\2", text.lower())
    said = numerals(said)
    said = re.sub(rf"\ban? (?={_MAJOR}|grand\b|\d)", lambda m: "" if _digit_follows(m) else "1 ",
                  said)  # fmt: skip
    said = _MIXED.sub(
        lambda m: f"{(_float(m[1]) + _MIXED_PARTS[m[2]]) * int(m[3] or 1):.10g}", said
    )
    return re.sub(rf"({_FIGURE})\s?(?:grand|k)\b", lambda m: f"{_float(m[1]) * 1000:.10g}", said)


def _digit_follows(match: re.Match[str]) -> bool:
    return match.string[match.end() : match.end() + 1].isdigit()


def _float(text: str) -> float:
    return float(text.replace(",", ""))


def _whole(value: float) -> float | int | None:
    if math.isinf(value):
        return None  # hundreds of digits are no number that anybody means
    return int(value) if value == int(value) else round(value, 6)
