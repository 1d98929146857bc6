"""What somebody spells: a name letter by letter, a code of letters and digits, a postcode.

Letters come by themselves ("S-M-I-T-H", "s m i t h"), by their names as recognisers write them
("jay oh en"), with a word to make them plain ("bee for Bravo", "A as in Adam") or as that word
alone ("sierra mike"). English.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from voiceagent.dialogue.corrections import mended, versions
from voiceagent.dialogue.numerals import REPEATS, numerals

_LETTER_NAMES = {
    name: letter
    for letter, names in {
        "a": "ay eh", "b": "bee be", "c": "cee see sea", "d": "dee", "e": "ee", "f": "ef eff",
        "g": "gee", "h": "aitch haitch", "i": "eye", "j": "jay", "k": "kay", "l": "el ell",
        "m": "em", "n": "en", "o": "oh owe", "p": "pee pea", "q": "cue queue", "r": "ar are",
        "s": "ess es", "t": "tee tea", "u": "you yu", "v": "vee", "w": "doubleyou doubleu",
        "x": "ex", "y": "why wye", "z": "zed zee zet",
    }.items()
    for name in names.split()
}  # fmt: skip
_WORDS_TOO = {"be", "see", "sea", "oh", "are", "tea", "pea", "you", "why", "owe", "eye", "a", "i"}
"""Names of letters that are words as well: no spelling begins with two of them alone."""
_ALPHABET = {
    "alpha", "alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india",
    "juliet", "juliett", "kilo", "lima", "mike", "november", "oscar", "papa", "quebec", "romeo",
    "sierra", "tango", "uniform", "victor", "whiskey", "whisky", "xray", "yankee", "zulu",
}  # fmt: skip
"""The alphabet of radiotelephony (ICAO Annex 10)."""
_SIGNS = {"hyphen": "-", "dash": "-", "apostrophe": "'"}
_SKIPPED = {"and", "then", "um", "uh", "er", "erm", "capital", "letter", "small", "big", "comma"}
_MEANT_BY = re.compile(r" (?:(?:is )?(?:for|like)|as(?: in)?|is in|in) ([a-z]{3,})\b")
_MEANT_PLAINLY = re.compile(r" as in ([a-z]{3,})\b")
_LONGEST_GROUP = 3
_NO_GROUPS = {
    "is", "it", "its", "my", "the", "of", "no", "yes", "um", "uh", "to", "we", "i'm", "so", "ok",
    "not", "do", "for", "at", "on", "in", "as", "was", "has", "by", "or", "but", "can", "me",
}  # fmt: skip


def find_spelled_name(text: str, *, expected: bool = False) -> str | None:
    """A name spelled letter by letter: "A as in Adam, double L, e, n" as ``Allen``.

    Args:
        expected: a spelling was asked for, so that two letters are enough; else it needs three.
    """
    spelled = _spelled(text, digits=False, least=2 if expected else 3, expected=expected)
    return re.sub(r"[a-z]+", lambda part: part[0].capitalize(), spelled) if spelled else None


def find_code(text: str, *, expected: bool = False) -> str | None:
    """A code of letters and digits, such as a booking reference: "K seven Q X two" as ``K7QX2``.

    Args:
        expected: a code was asked for; else it needs four characters, and both kinds of them.
    """
    spelled = _spelled(text, digits=True, least=2 if expected else 4, expected=expected)
    if spelled is None:
        return None
    code = re.sub(r"[^a-z0-9]", "", spelled).upper()
    mixed = any(c.isdigit() for c in code) and any(c.isalpha() for c in code)
    return code if expected or mixed else None


_POSTCODES = {
    "GB": (r"([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})", " "),
    "CA": (r"([A-Z]\d[A-Z])(\d[A-Z]\d)", " "),
    "NL": (r"(\d{4})([A-Z]{2})", " "),
    "US": (r"(\d{5})(\d{4})?", "-"),
}
"""By region: how a postcode looks in two parts, and what is written between them."""
_ANYWHERE = (r"([A-Z0-9]{3,10})()", "")


def find_postcode(text: str, region: str = "US", *, expected: bool = False) -> str | None:
    """A postcode as it is written in the region: "S W one A one A A" as ``SW1A 1AA``.

    Args:
        region: ISO 3166 code; where its postcodes are not known, any code will do.
        expected: one was asked for; else it has to stand alone in its form, with letters.
    """
    pattern, between = _POSTCODES.get(region, _ANYWHERE)
    code = find_code(text, expected=expected)
    for candidate in _o_or_zero(code) if code else ():
        if match := re.fullmatch(pattern, candidate):
            return between.join(part for part in match.groups() if part)
    return None


def _o_or_zero(code: str) -> list[str]:
    """The code with each O and 0 read either way, as it is first; nobody says which."""
    places = [at for at, character in enumerate(code) if character in "O0"][:6]
    readings = []
    for choice in range(1 << len(places)):
        letters = list(code)
        for bit, at in enumerate(places):
            if choice >> bit & 1:
                letters[at] = "O" if letters[at] == "0" else "0"
        readings.append("".join(letters))
    return readings


# -- reading letters ----------------------------------------------------------------------------


def _spelled(text: str, *, digits: bool, least: int, expected: bool) -> str | None:
    found = [
        run
        for version in versions(text)
        if (run := _longest(version, digits=digits, expected=expected))
    ]
    spelled = mended(found[1], found[0]) if len(found) > 1 else "".join(found)
    return spelled if len(spelled) >= least else None


def _longest(text: str, *, digits: bool, expected: bool) -> str:
    best, run, sure, at = "", "", 0, 0
    tokens = _tokens(text, digits=digits)
    while at < len(tokens):
        read = _read(tokens, at, digits=digits, expected=expected)
        if read is None:
            best = max(best, _trimmed(run, sure), key=len)
            run, sure, at = "", 0, at + 1
            continue
        characters, plainly, at = read
        run += characters
        sure += plainly
    return max(best, _trimmed(run, sure), key=len)


def _trimmed(run: str, sure: int) -> str:
    """The run, when something in it was plainly spelled."""
    return run.strip("-'") if sure else ""


def _tokens(text: str, *, digits: bool) -> list[str]:
    """Words as they are written, numbers as digits."""
    text = re.sub(r"\b[dD]ouble[ -](?:[uU]\b|[yY]ou\b)", "W", text.replace("’", "'"))
    text = re.sub(r"\b([xX])[ -]ray\b", r"\1ray", text)
    text = re.sub(r"\bas an\b", "as in", text)
    text = re.sub(r"\bwith an? \w\b(?=[,:.])", " ", text)
    text = re.sub(r"(?<=\w)[-_/](?=\w)", " ", text)
    if digits:
        # Letters are kept from the number reader, for which "a" is a one and "o" a zero.
        parts = re.split(r"(?:(?<=\b\w)|\b(?=[A-Za-z]\b))\s+|\s*,\s*", text)
        text = " ".join(
            numerals(part) if re.search(r"[a-z]{3}", part, re.I) else part for part in parts if part
        )
    return re.findall(r"[A-Za-z']+|\d+", text)


def _read(
    tokens: Sequence[str], at: int, *, digits: bool, expected: bool
) -> tuple[str, int, int] | None:
    """The characters that the token at a place stands for, how many of them plainly, and where
    to read on; None when it spells nothing."""
    word = tokens[at].lower()
    if word == "and" and tokens[at + 1 : at + 2] in (["I"], ["i"]):
        return None
    if word in _SKIPPED:
        return "", 0, at + 1
    if word in REPEATS and at + 1 < len(tokens):
        read = _read(tokens, at + 1, digits=digits, expected=expected)
        if read is None or not read[0]:
            return None
        return read[0][0] * (REPEATS[word] - 1) + read[0], REPEATS[word], read[2]
    if word in _SIGNS:
        return _SIGNS[word], 0, at + 1
    if word.isdigit():
        return (word, 1, at + 1) if digits else None
    if digits and word in ("nought", "zero", "niner"):
        return ("9" if word == "niner" else "0"), 1, at + 1
    letter = word if len(word) == 1 else _LETTER_NAMES.get(word)
    if letter:
        if meant := _MEANT_BY.match(" " + " ".join(tokens[at + 1 : at + 5]).lower()):
            # The word says it: it was added because the letter is easily misheard.
            return meant[1][0], 2, at + 1 + meant[0].count(" ")
        if digits and word in ("o", "oh") and _beside_digit(tokens, at):
            return "0", 1, at + 1
        # "A" and "I" are words, unless they stand among letters.
        alone = word in _WORDS_TOO and (len(word) > 1 or not at or len(tokens[at - 1]) > 1)
        return letter, int(not alone), at + 1
    if meant := _MEANT_PLAINLY.match(" " + " ".join(tokens[at + 1 : at + 4]).lower()):
        # The letter itself was misheard: "set as in alpha".
        return meant[1][0], 2, at + 4
    if word in _ALPHABET:
        return word[0], 1, at + 1
    if tokens[at].isupper() and (expected or (digits and _beside_digit(tokens, at))):
        return word, len(word), at + 1
    if expected and digits and len(word) <= _LONGEST_GROUP and word not in _NO_GROUPS:
        return word, 0, at + 1
    return None


def _beside_digit(tokens: Sequence[str], at: int) -> bool:
    beside = [tokens[i] for i in (at - 1, at + 1) if 0 <= i < len(tokens)]
    return any(token.isdigit() or token.lower() in REPEATS for token in beside)
