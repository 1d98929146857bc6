"""E-mail addresses and telephone numbers as callers say them. English."""

from __future__ import annotations

import difflib
import re

from voiceagent.dialogue.corrections import latest, versions
from voiceagent.dialogue.numerals import REPEATS, find_digits, numerals
from voiceagent.dialogue.spelling import find_spelled_name

# -- e-mail -------------------------------------------------------------------------------------

_ADDRESS = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"
)
_SIGNS = {
    "dot": ".", "point": ".", "period": ".", "underscore": "_", "dash": "-", "hyphen": "-",
    "minus": "-", "plus": "+",
}  # fmt: skip
_BEFORE = re.compile(
    r"^no(?:,|\b(?! (?:dot|reply|underscore|hyphen|dash|one)\b))\s*|"
    r"^.*\b(?:is|it's|its|address|e-?mail|mail to|that's|me (?:on|under)|me @|to|from|yes|yeah|"
    r"um|uh|er|well|sure|okay|ok|just|use|i have|i've got)(?!\w)(?!\s*(?:at\b|@))[\s:,]*"
)
_ASIDES = re.compile(
    r"\b(?:all (?:(?:one|1) word|together|(?:in )?lower ?case|small(?: letters)?)|"
    r"(?:in )?lower ?case|no spaces?|without (?:a )?spaces?|capital|with an? [a-z])\b"
)
_SWALLOWED = re.compile(
    r"(?:(?<=\w)at?|(?<=\w)\s)(?=(?:gmail|hotmail|outlook|yahoo|icloud|aol|gmx|proton(?:mail)?)\."
    r"(?:com|net|de|co\.uk|me)\b)"
)
"""An "at" that was heard as a part of the word, before providers that everybody knows."""
_ENDINGS = {
    "com", "org", "net", "edu", "gov", "info", "io", "de", "uk", "fr", "nl", "ch", "ie", "eu",
    "us", "ca", "au", "biz", "es", "se", "dk", "pl",
}  # fmt: skip
_DOMAIN_WORDS = 5
"""An ending without a dot before it is looked for among so many words."""
_SECOND_LEVEL = {"co", "org", "ac", "gov", "com", "net"}


def find_email(text: str, *, expected: bool = False) -> str | None:
    """An e-mail address in small letters: "john dot smith at gmail dot com".

    Args:
        expected: one was asked for, so that the dot may be left out: "at gmail com".
    """
    parts = versions(text)
    # "No" may be a part of the name: it corrects only what was an address already.
    corrects = len(parts) > 1 and all(re.search(r"\bat\b|@", part) for part in parts)
    if corrects and (found := latest(text, lambda part: _email(part, expected))):
        return found
    return _email(text, expected)


def _email(text: str, expected: bool) -> str | None:
    said = _with_signs(text.lower().replace("’", "'"))
    if not expected and (written := _ADDRESS.search(said)):
        return written[0]
    for place in reversed([match.span() for match in re.finditer(r"@", said)]):
        domain = _domain(said[place[1] :], expected)
        local = _local(said[: place[0]])
        if local and domain and _ADDRESS.fullmatch(address := f"{local}@{domain}"):
            return address
    return None


def _with_signs(said: str) -> str:
    """The words for signs as signs; "at" is one where nothing else is."""
    said = re.sub(r"\b(?:at|add) sign\b", "@", said)
    said = re.sub(r"\bunder score\b", "underscore", said)
    said = re.sub(r"\b(?:g[ -]mail|gee ?mail)\b", "gmail", said)
    said = re.sub(r"\bhot mail\b", "hotmail", said)
    said = re.sub(r"(?<=[a-z]{2})(hyphen|underscore)(?=[a-z]{2})", r" \1 ", said)
    said = _ASIDES.sub(" ", said)
    if "@" not in said:
        said = re.sub(r"\bat\b", "@", said)
    if "@" not in said:
        said = _SWALLOWED.sub("@", said)
    return re.sub(r"\s+", " ", said)


def _local(said: str) -> str:
    """The part before the @, from its last words."""
    said = _BEFORE.sub("", said).strip(" ,")
    said = re.sub(r"\b([a-z])(?: as in|,? (?:for|like)) \1[a-z]+\b", r"\1", said)
    words = [word for word in re.split(r"[\s,]+", said) if word]
    spelled = find_spelled_name(" ".join(words))
    if spelled and not _SIGNS.keys() & set(words):
        # "Smith, s m y t h": the letters say how the word before them is written.
        heard = [word for word in words if len(word) > 2]
        if any(difflib.SequenceMatcher(None, spelled.lower(), w).ratio() > 0.6 for w in heard):
            return spelled.lower()
    return _joined(words)


def _joined(words: list[str]) -> str:
    """Words written together, as an address has them."""
    text = " ".join(words)
    text = re.sub(r"(?<=\b[a-z])[.-] ?(?=[a-z]\b)(?!\w*@)", " " if "-" in text else ".", text)
    text = re.sub(rf"\b({'|'.join(REPEATS)}) (\w+)", lambda m: f"{m[2]} " * REPEATS[m[1]], text)
    text = re.sub(
        r"\boh (?=(?:zero|one|two|three|four|five|six|seven|eight|nine|\d)\b)", "0 ", text
    )
    digits = numerals(re.sub(r"\b(?:dot|point|period)\b", ".", text))
    pieces = re.split(r"\s+", digits)
    return "".join(_SIGNS.get(piece, piece) for piece in pieces).strip(".")


def _domain(said: str, expected: bool) -> str:
    """The part after the @: its labels up to the last "dot", with one word behind it."""
    said = re.sub(r"\s*\b(?:dot|point|period)\b\s*", ".", said.strip(" ,."))
    # A full stop ends a sentence, unless the ending of an address comes behind it.
    said = re.sub(rf"\.\s+(?=(?:{'|'.join(_ENDINGS)})\b)", ".", said)
    said = re.split(r"\.\s", said)[0]
    *labels, last = said.split(".")
    words = re.split(r"[\s,;!?]+", last.strip())
    if labels:
        ending = words[:1]
        if words[0] in _SECOND_LEVEL and words[1:2] == ["uk"]:
            ending = words[:2]
        return ".".join([*(_joined(label.split()) for label in labels), *ending])
    for at, word in enumerate(words[:_DOMAIN_WORDS] if expected else ()):
        if at and word in _ENDINGS:
            second = word in _SECOND_LEVEL and words[at + 1 : at + 2] == ["uk"]
            return f"{_joined(words[:at])}.{word}{'.uk' if second else ''}"
    return ""


# -- telephone ----------------------------------------------------------------------------------

_FEWEST, _MOST = 5, 15
"""Digits of a number somebody gives; 15 is the most there can be (ITU-T E.164)."""
_INTERNATIONAL = re.compile(r"\b(?:plus|\+)\s*(?=\w)|\+", re.I)
_EXTENSION = re.compile(r"\b(?:ext(?:ension)?|x)\.?\s*(?=\d|\w+$)", re.I)
_CALLED_SO = re.compile(r"\b(?:phone|mobile|cell|call(?:ed)? (?:me|back)|reach me|ring me)\b", re.I)
_PREFIXES = {"US": "011", "CA": "011", "AU": "0011"}
"""What is dialled before a country's code, where it is not 00."""


def find_phone(text: str, region: str = "US", *, expected: bool = False) -> str | None:
    """A telephone number: its digits, with ``+`` before a country's code.

    Args:
        region: ISO 3166 code; tells what is dialled before a country's code.
        expected: one was asked for; else the sentence has to say that it is one.
    """
    return latest(text, lambda part: _phone(part, region, expected))


def _phone(text: str, region: str, expected: bool) -> str | None:
    said = _EXTENSION.split(text)[0]
    abroad = bool(_INTERNATIONAL.search(said))
    said = _INTERNATIONAL.sub(" ", said)
    said = re.sub(r"\(0\)", " ", said) if abroad else said
    said = re.sub(r"[()]", " ", said)
    said = re.sub(r"(?<=\d)[./](?=\d)", " ", said)
    # "One eight hundred five five five" is 1 800 555, not 1 805 5 5.
    said = re.sub(r"\bhundred\b(?! and\b)", "zero zero", said, flags=re.I)
    said = re.sub(r"\bthousand\b", "zero zero zero", said, flags=re.I)
    digits = find_digits(said, expected=True) or ""
    prefix = _PREFIXES.get(region, "00")
    if not abroad and digits.startswith(prefix) and len(digits) > 11:
        digits, abroad = digits.removeprefix(prefix), True
    if not _FEWEST <= len(digits) <= _MOST:
        return None
    if not (expected or abroad or _CALLED_SO.search(text)):
        return None
    return f"+{digits}" if abroad else digits
