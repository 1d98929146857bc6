"""Cutting a text into the pieces that are synthesised one after another."""

from __future__ import annotations

import re

_ABBREVIATIONS = {
    "Mr.": "Mister",
    "Mrs.": "Missis",
    "Ms.": "Miz",
    "Dr.": "Doctor",
    "St.": "Saint",
    "No.": "Number",
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "and so on",
    "approx.": "approximately",
}
_ABBREVIATION = re.compile(
    r"(?<!\w)(" + "|".join(re.escape(each) for each in _ABBREVIATIONS) + r")(?=[\s,;)])"
)
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]]*\s+")
_CLAUSE_END = re.compile(r"(?<=[,;:])\s+")
_SHORT = 40
"""A first piece of so many characters is ready soon enough as it is."""
_CLAUSE_WORDS = 2


def sentences(text: str) -> list[str]:
    """The pieces of a text, in order: its sentences, the first one cut at a comma if it is long,
    so that the first sound comes soon. Abbreviations are spelled out."""
    spelled = _ABBREVIATION.sub(lambda found: _ABBREVIATIONS[found[1]], " ".join(text.split()))
    pieces = [piece for piece in _SENTENCE_END.split(spelled) if re.search(r"\w", piece)]
    if pieces and len(pieces[0]) > _SHORT:
        pieces[:1] = _first_clause(pieces[0])
    return pieces


def _first_clause(sentence: str) -> list[str]:
    for end in _CLAUSE_END.finditer(sentence):
        first, rest = sentence[: end.start()], sentence[end.end() :]
        if len(first.split()) >= _CLAUSE_WORDS and len(rest.split()) >= _CLAUSE_WORDS:
            return [first, rest]
    return [sentence]
