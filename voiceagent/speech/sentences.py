"""Cutting a text into the pieces that are synthesised one after another."""

from __future__ import annotations

import re

from voiceagent.speech.english_aloud import ABBREVIATIONS

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]]*\s+")
_ABBREVIATED = re.compile(
    r"(?:^|(?<=[\s(]))(?:" + "|".join(re.escape(form) for form in ABBREVIATIONS) + r")$"
)
_CLAUSE_END = re.compile(r"(?<=[,;:])\s+")
_SHORT = 40
"""A first piece of so many characters is ready soon enough as it is."""
_CLAUSE_WORDS = 2


def sentences(text: str) -> list[str]:
    """The pieces of a text as it is written, in order: its sentences, the first one cut at a
    comma if it is long, so that the first sound comes soon."""
    pieces = _whole(_SENTENCE_END.split(" ".join(text.split())))
    if pieces and len(pieces[0]) > _SHORT:
        pieces[:1] = _first_clause(pieces[0])
    return pieces


def _whole(parts: list[str]) -> list[str]:
    """Sentences, put together again where a full stop only shortens a word."""
    pieces: list[str] = []
    for part in parts:
        if pieces and _ABBREVIATED.search(pieces[-1]):
            pieces[-1] += f" {part}"
        else:
            pieces.append(part)
    return [piece for piece in pieces if re.search(r"\w", piece)]


def _first_clause(sentence: str) -> list[str]:
    for end in _CLAUSE_END.finditer(sentence):
        first, rest = sentence[: end.start()], sentence[end.end() :]
        if len(first.split()) >= _CLAUSE_WORDS and len(rest.split()) >= _CLAUSE_WORDS:
            return [first, rest]
    return [sentence]
