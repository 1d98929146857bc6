"""What somebody who corrects themselves means: "four seven, no sorry, four eight"."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

_Value = TypeVar("_Value")

_MARK = re.compile(
    r"[\s,.;]*\b(?:no(?:pe)?|sorry|i mean(?:t)?|actually|correction|or rather|rather|wait|hang on|"
    r"make (?:that|it)|scratch that|my mistake|excuse me|let me start (?:again|over))\b[\s,.;]*",
    re.I,
)
_DENIED = re.compile(r"\bnot\b[^,;]*?(?:[,;]|\.(?=\s|$)|\bbut\b|$)", re.I)


def versions(text: str) -> list[str]:
    """The parts of what was said between words of correction, the latest first; what was said
    not to be meant ("not Tuesday") is left out."""
    kept = " ".join(_DENIED.sub(" ", text).split())
    parts = [part for part in _MARK.split(kept) if re.search(r"\w", part)]
    return parts[::-1] or [text]


def latest(text: str, find: Callable[[str], _Value | None]) -> _Value | None:
    """The value of the latest version that has one, else of the text as it is."""
    for version in (*versions(text), text):
        if (found := find(version)) is not None:
            return found
    return None


def mended(before: str, after: str, lengths: range = range(1, 41)) -> str:
    """What two versions of one thing said character by character come to.

    A short second version takes the place of the first one's end: ``471228`` and ``9`` are
    ``471229``.

    Args:
        lengths: how long the whole may be.
    """
    whole_again = 2 * len(after) > len(before)
    if len(after) in lengths and (whole_again or len(lengths) == 1):
        return after
    replaced = [len(after), *range(1, len(before) + 1)]
    for count in replaced:
        if count <= len(before) and len(before) - count + len(after) in lengths:
            return before[:-count] + after
    return after
