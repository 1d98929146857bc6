"""When two texts say the same words: what is levelled before errors are counted.

Letter case and punctuation; contractions ("they're", "they are"); numbers in words and figures
("seven", "7"). Nothing else: spelling, compounds and articles count as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from text_to_num import alpha2digit

_CONTRACTIONS = {
    r"\bwon't\b": "will not",
    r"\bcan't\b|\bcannot\b": "can not",
    r"n't\b": " not",
    r"'re\b": " are",
    r"'ll\b": " will",
    r"'ve\b": " have",
    r"'m\b": " am",
    r"\b(it|that|there|what|where|who|here|he|she)'s\b": r"\1 is",
    r"\blet's\b": "let us",
}


def words(text: str) -> list[str]:
    """The words of a text, levelled."""
    text = text.lower().replace("’", "'")
    for pattern, plain in _CONTRACTIONS.items():
        text = re.sub(pattern, plain, text)
    return plain_words(str(alpha2digit(text, "en", threshold=0.0)))


def plain_words(text: str) -> list[str]:
    """The words of a text without case and punctuation, and nothing more."""
    return re.sub(r"[^\w' ]", " ", text.lower().replace("’", "'")).split()


def errors(said: list[str], heard: list[str]) -> int:
    """Fewest insertions, deletions and substitutions between the two."""
    row = np.arange(len(heard) + 1)
    for count, word in enumerate(said, 1):
        last, row = row, np.empty_like(row)
        row[0] = count
        for place, other in enumerate(heard, 1):
            row[place] = min(last[place] + 1, row[place - 1] + 1, last[place - 1] + (word != other))
    return int(row[-1])


def word_error_rate(pairs: Iterable[tuple[list[str], list[str]]]) -> float:
    """Errors for each word that was said, over all pairs of what was said and what was heard."""
    wrong = total = 0
    for said, heard in pairs:
        wrong += errors(said, heard)
        total += len(said)
    return wrong / max(total, 1)
