"""A text as people read it, for the synthesiser alone: the record keeps what was written.

A language has a module with its reading; where there is none, the text is left to the voice.
"""

from __future__ import annotations

from voiceagent.speech.english_aloud import read_english

_MONTH_FIRST = {"US", "CA", "PH"}
"""Regions (ISO 3166) where English writes the month before the day."""


def read_aloud(text: str, language: str) -> str:
    """The text in words.

    Args:
        language: what the voice speaks, such as "en-GB"; the region decides how dates are read.
    """
    code, _, region = language.partition("-")
    if code.lower() == "en":
        return read_english(text, month_first=(region.upper() or "US") in _MONTH_FIRST)
    return text
