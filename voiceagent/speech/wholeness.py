"""Whether what somebody said so far is a whole answer to what they were asked.

Only what is plain counts: a complete yes or no, a number with all its digits, a sentence that
ends; on the other side a trailing "and", a filler, a number announced and not yet given.
Everything between is left to the clock. A recogniser puts a full stop after whatever it hears
last, so a stop alone says little: "How long does?" goes on, and so may "My order number.", which
has no verb. The word lists are English; in other languages digits written as figures and
punctuation still count.
"""

from __future__ import annotations

import re
from enum import Enum

from voiceagent.events import Expectation


class Wholeness(Enum):
    """How an answer stands."""

    ANSWER = "answer"
    """What was asked for, all of it."""
    WHOLE = "whole"
    """A sentence that may end here."""
    CLOSED = "closed"
    """All is said, though a goodbye may follow."""
    FRAGMENT = "fragment"
    """No sentence, though it may be all that is said."""
    UNKNOWN = "unknown"
    UNFINISHED = "unfinished"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_YES_NO = _set(
    "yes yeah yep yup sure right correct exactly okay ok absolutely definitely no nope nah wrong "
    "incorrect"
)
_CUTS_IN = _set("stop wait hold hang listen quiet enough")
_FILLERS = _set("um uh er erm hmm hm mm mhm ah well so like")
_NEVER_LAST = _set(
    "and or but because if a an the my your his our their of to from with at by into than i i'm "
    "i'd i'll it's we're they're does did"
)
"""Something has to follow."""
_SELDOM_LAST = _set(
    "when that which who where then for in on about is are was were am be been we he she they "
    "this these need would could can will should have has had do get check make change "
    "send tell know want like going calling trying looking having there's that's always "
    "very near don't doesn't didn't can't couldn't won't isn't wasn't haven't"
)
"""Something follows more often than not, whatever the recogniser puts behind it."""
_VERBS = _set(
    "is are was were am be been being isn't aren't wasn't weren't do does did don't doesn't didn't "
    "have has had haven't hasn't hadn't can could will would shall should may might must can't "
    "couldn't won't wouldn't shouldn't cannot i'm you're he's she's it's that's what's where's "
    "there's who's how's here's we're they're i've you've we've they've i'd you'd we'd they'd i'll "
    "you'll he'll she'll it'll we'll they'll want need like know think see say said tell told get "
    "got give gave go goes went come came take took make made find found put let keep kept send "
    "sent buy bought pay paid call ask try use work works help wait stop cancel change check speak "
    "talk look leave left lose lost cost costs mean means seem seems feel arrive book order return "
    "repeat explain connect close open start thank please hold hang forget remember"
)
_RELATIVE = _set("what where who how why when which that if whether as than")
"""After one of these a sentence may well end in such a word."""
_CLOSING = _set("thanks goodbye bye help stop nothing agent operator person representative")
_CLOSED = {("thank", "you"), ("is", "all"), ("that's", "all"), ("that's", "it"), ("all", "thanks")}
_PREFACE = re.compile(
    r"(hello |hi |well |so |yes |okay )*((i have|i've got|i had) (a|another|one) (question|problem)"
    r"|(i )?(just )?(want|wanted|would like|i'd like) to (ask|tell|know) (you )?something"
    r"|(can|could) (i ask|you tell me|you help me)( something)?|listen|look|excuse me)"
)
"""What opens a request and is none."""
_BACKCHANNELS = _set(
    "huh okay ok all right yeah yep yes yup sure hello hi alright aha i see good great"
)
_HUM = re.compile(r"(m+|h+m+|m+-?h+m+|u+[hm]+|u+h+-?(h+u+h+|hm+)|e+r*m+|a+h+|o+h+|a+-?h+a+h*)")
"""Sounds of listening, as recognisers write them: "mm-hmm", "uh-huh", "hmm"."""
_TIME_WORDS = _set(
    "today tomorrow yesterday tonight monday tuesday wednesday thursday friday saturday sunday "
    "january february march april may june july august september october november december"
)
_ANNOUNCED = re.compile(r"\b(number|code|id|reference|order|account|postcode|zip|phone) is\b")
_UNITS = _set("zero oh o one two three four five six seven eight nine")
_TEENS = _set("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
_TENS = _set("twenty thirty forty fifty sixty seventy eighty ninety")
_REPEATS = {"double": 2, "triple": 3}
_NUMBER_WORDS = _set("number code id reference postcode")
_FEW_DIGITS = 6
"""A number of unknown length that ends what was said is not over before so many digits."""
_SENTENCE_WORDS = 3
_SHORT_VALUES = ("digits", "number", "name", "date", "amount", "time", "postcode")
_PIECEWISE = ("email", "phone", "spelled_name", "code")
"""What is given bit by bit, so that a full stop after a bit says nothing."""
_EMAIL = re.compile(r"(@|\bat\b).*(\.|\bdot\b) ?[a-z]{2,}\W*$", re.IGNORECASE)
_PHONE_DIGITS = 10
_OTHER_WORDS = 5
"""So many words without a digit or a single letter are no bit of a value."""


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
        return Wholeness.ANSWER
    if _trails_off(text, words):
        return Wholeness.UNFINISHED
    if _number_goes_on(words, digits):
        return Wholeness.UNFINISHED
    if expected and kind == "choice" and _names_choice(words, expected.choices):
        return Wholeness.ANSWER
    if kind == "date" and (digits or _TIME_WORDS.intersection(words)):
        return Wholeness.ANSWER
    if kind in _PIECEWISE and (stands := _in_pieces(kind, text, digits)):
        return stands
    if kind in _SHORT_VALUES and len(words) <= _SENTENCE_WORDS:
        return Wholeness.UNKNOWN
    stands = _sentence(text, words)
    if stands is Wholeness.FRAGMENT and kind != "open":
        return Wholeness.UNKNOWN
    return stands


def _in_pieces(kind: str, text: str, digits: int) -> Wholeness | None:
    """How a value stands that is given bit by bit; None when something else was said."""
    words = _words(text)
    if kind == "email" and _EMAIL.search(text):
        return Wholeness.ANSWER
    if kind == "phone":
        prefixed = words[0].startswith("0") or words[0] in ("oh", "o", "zero")
        if digits >= _PHONE_DIGITS + prefixed + 2 * ("+" in text):
            return Wholeness.ANSWER
    bits = any(len(word) == 1 and word not in "ai" for word in words)
    if len(words) >= _OTHER_WORDS and not digits and not bits and "@" not in text:
        return None
    return Wholeness.UNFINISHED if kind == "email" and len(words) > 1 else Wholeness.UNKNOWN


def is_backchannel(text: str) -> bool:
    """Whether this is the sound of listening ("mhm", "okay") rather than something said."""
    words = _words(text)
    return (
        bool(words)
        and len(words) <= 3
        and all(word in _BACKCHANNELS or _HUM.fullmatch(word) for word in words)
    )


def cuts_in(text: str) -> bool:
    """Whether it tells the agent to be silent, so that it is meant however badly it is heard."""
    return not _CUTS_IN.isdisjoint(_words(text))


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
        return Wholeness.ANSWER
    return Wholeness.UNKNOWN


def _sentence(text: str, words: list[str]) -> Wholeness:
    if words[-1] in ("goodbye", "bye"):
        return Wholeness.ANSWER
    if words[-1] in _CLOSING or tuple(words[-2:]) in _CLOSED:
        return Wholeness.CLOSED
    if _PREFACE.fullmatch(" ".join(words)):
        return Wholeness.UNKNOWN
    falls = text.rstrip()[-1] in ".?!"
    last = words[-1] not in _SELDOM_LAST
    if falls and last and len(words) >= _SENTENCE_WORDS and _has_verb(words):
        return Wholeness.WHOLE
    return Wholeness.FRAGMENT


def _has_verb(words: list[str]) -> bool:
    """Whether something is said of something, as far as the words show it."""
    return any(word in _VERBS or word.endswith("ed") for word in words)


def _trails_off(text: str, words: list[str]) -> bool:
    ending = text.rstrip()
    if ending.endswith(("...", "…", ",", "-", "–")):
        return True
    if words[-1] in _SELDOM_LAST and len(words) > 1:
        # "That's what I want." ends so, "I would like." does not.
        return ending[-1] not in ".?!" or not _RELATIVE.intersection(words[:-1])
    return words[-1] in _NEVER_LAST or words[-1] in _FILLERS


def _number_goes_on(words: list[str], digits: int) -> bool:
    """Whether a number is announced, or being given, that may have more digits."""
    if digits >= _FEW_DIGITS:
        return False
    announced = words[-1] in _NUMBER_WORDS or _ANNOUNCED.search(" ".join(words))
    return bool(announced) or (digits > 1 and count_digits(words[-1:]) > 0)


def _names_choice(words: list[str], choices: tuple[str, ...]) -> bool:
    said = f" {' '.join(words)} "
    return any(f" {' '.join(_words(choice))} " in said for choice in choices)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text.lower().replace("’", "'"))
