"""Whether what somebody said so far is a whole answer to what they were asked.

Only what is plain counts: a complete yes or no, a number with all its digits, a sentence that
ends; on the other side a trailing "and", a filler, a number announced and not yet given.
Everything between is left to the clock. The word lists are English; in other languages digits
written as figures and punctuation still count.
"""

from __future__ import annotations

import re
from enum import Enum

from voiceagent.events import Expectation


class Wholeness(Enum):
    """How an answer stands."""

    WHOLE = "whole"
    UNKNOWN = "unknown"
    UNFINISHED = "unfinished"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_YES_NO = _set(
    "yes yeah yep yup sure right correct exactly okay ok absolutely definitely no nope nah wrong "
    "incorrect"
)
_FILLERS = _set("um uh er erm hmm hm mm mhm ah well so like")
_NEVER_LAST = _set(
    "and or but because if a an the my your his our their of to from with at by into than i i'm "
    "i'd i'll it's we're they're"
)
"""Something has to follow."""
_SELDOM_LAST = _set(
    "when that which who then for in on about is are was were am we he she they this these want "
    "need would could can will should have get check make change send tell know"
)
"""Something follows, unless the recogniser heard the sentence fall."""
_CLOSING = _set(
    "thanks goodbye bye hello hi help stop nothing agent operator person representative"
)
_BACKCHANNELS = _set(
    "mhm mm hm hmm uh-huh uhhuh huh uh um ah oh okay ok right yeah yes yep sure hello hi alright"
)
_TIME_WORDS = _set(
    "today tomorrow yesterday tonight monday tuesday wednesday thursday friday saturday sunday "
    "january february march april may june july august september october november december"
)
_ANNOUNCED = re.compile(r"\b(number|code|id|reference|order|account|postcode|zip|phone) is\b")
_UNITS = _set("zero oh o one two three four five six seven eight nine")
_TEENS = _set("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
_TENS = _set("twenty thirty forty fifty sixty seventy eighty ninety")
_REPEATS = {"double": 2, "triple": 3}
_FEW_DIGITS = 4
"""An announced number of unknown length is not over before so many digits."""
_SENTENCE_WORDS = 3


def wholeness(text: str, expected: Expectation | None) -> Wholeness:
    """How `text` stands as an answer to what was asked, or to nothing in particular."""
    words = _words(text)
    if not words:
        return Wholeness.UNKNOWN
    kind = expected.kind if expected else "open"
    digits = count_digits(words)
    if expected and kind == "digits" and digits:
        return _digits(digits, expected)
    if kind == "yes_no" and words[0] in _YES_NO and len(words) <= 4:
        return Wholeness.WHOLE
    if _trails_off(text, words):
        return Wholeness.UNFINISHED
    if _ANNOUNCED.search(" ".join(words)) and digits < _FEW_DIGITS:
        return Wholeness.UNFINISHED
    if expected and kind == "choice" and _names_choice(words, expected.choices):
        return Wholeness.WHOLE
    if kind == "date" and (digits or _TIME_WORDS.intersection(words)):
        return Wholeness.WHOLE
    if kind in ("digits", "number", "name", "date") and len(words) <= _SENTENCE_WORDS:
        return Wholeness.UNKNOWN
    return _sentence(text, words)


def is_backchannel(text: str) -> bool:
    """Whether this is the sound of listening ("mhm", "okay") rather than something said."""
    words = _words(text)
    return bool(words) and len(words) <= 3 and _BACKCHANNELS.issuperset(words)


def count_digits(words: list[str]) -> int:
    """How many digits the words spell: "four seven", "double two", "twenty three", "471"."""
    count = 0
    repeat = 1
    after_tens = False
    for word in words:
        if word in _REPEATS:
            repeat = _REPEATS[word]
            continue
        if word in _UNITS:
            # "twenty three" is two digits, as "twenty" alone is.
            count += 0 if after_tens and word not in ("zero", "oh", "o") else repeat
        elif word in _TEENS or word in _TENS:
            count += 2
        else:
            count += sum(letter.isdigit() for letter in word)
        after_tens = word in _TENS
        repeat = 1
    return count


def _digits(count: int, expected: Expectation) -> Wholeness:
    least, most = expected.min_digits, expected.max_digits
    if least is not None and count < least:
        return Wholeness.UNFINISHED
    if most is not None and count >= most:
        return Wholeness.WHOLE
    return Wholeness.UNKNOWN


def _sentence(text: str, words: list[str]) -> Wholeness:
    if words[-1] in _CLOSING or words[-2:] == ["thank", "you"]:
        return Wholeness.WHOLE
    falls = text.rstrip()[-1] in ".?!"
    if falls and len(words) >= _SENTENCE_WORDS and words[-1] not in _SELDOM_LAST:
        return Wholeness.WHOLE
    return Wholeness.UNKNOWN


def _trails_off(text: str, words: list[str]) -> bool:
    ending = text.rstrip()
    if ending.endswith(("...", "…", ",", "-", "–")):
        return True
    if words[-1] in _SELDOM_LAST:
        return ending[-1] not in ".?!"
    return words[-1] in _NEVER_LAST or words[-1] in _FILLERS


def _names_choice(words: list[str], choices: tuple[str, ...]) -> bool:
    said = f" {' '.join(words)} "
    return any(f" {' '.join(_words(choice))} " in said for choice in choices)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text.lower().replace("’", "'"))
