"""Values found in recognised text: digits, numbers, dates, yes or no, names, choices.

Pure functions. They read text as recognisers really write it: "471-229", "4-7-1, 2-2-9.",
"Four, seven, one.", "oh four double seven". English; another language gets a module like this.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from text_to_num import alpha2digit

from voiceagent.dialogue.dates import find_date
from voiceagent.events import Expectation

_REPEAT = {"double": 2, "twice": 2, "triple": 3, "treble": 3}
_ZERO = {"oh", "o", "zero", "nought", "naught", "nil"}
_SOUND_ALIKE = {"for": "4", "fore": "4", "to": "2", "too": "2", "ate": "8", "won": "1", "tree": "3"}
_GLUE = {"and", "then", "dash", "hyphen", "minus", "slash", "point", "um", "uh", "er", "erm", "hm"}
_CORRECTION = re.compile(
    r"\b(no|nope|sorry|i mean|i meant|actually|correction|rather|wait|make that|not)\b", re.I
)
_TOKEN = re.compile(r"[$€£]?\d+(?:[.,:/]\d+)*(?:st|nd|rd|th)?%?|[a-z']+", re.I)


def find_digits(text: str, *, expected: bool = False, lengths: range = range(1, 41)) -> str | None:
    """The digits somebody read out, joined: "oh four double seven" as ``0477``.

    The longest run counts; after a word of correction ("no", "I mean") the last one.

    Args:
        expected: digits were asked for, so that a single one counts as well; else a run needs
            three.
        lengths: how many digits there may be. A word that only sounds like a digit ("for") is
            taken for one if that makes the number right.
    """
    found = _best_run(text, _digit_runs(text), 1 if expected else 3)
    if expected and len(found or "") not in lengths:
        bold = _best_run(text, _digit_runs(text, bold=True), 1)
        found = bold if len(bold or "") in lengths else found
    return found


def _best_run(text: str, runs: list[str], least: int) -> str | None:
    runs = [run for run in runs if len(run) >= least]
    if len(runs) > 1 and _CORRECTION.search(text):
        return runs[-1]
    return max(reversed(runs), key=len, default=None)


def _digit_runs(text: str, *, bold: bool = False) -> list[str]:
    tokens = _TOKEN.findall(_numerals(text.lower()))
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
        elif token in _REPEAT:
            times = _REPEAT[token]
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


def _numerals(text: str) -> str:
    """Number words as numerals; "forty seven twelve" becomes ``47 12``."""
    text = re.sub(r"(?<=[a-z])-(?=[a-z])|(?<=\d)-(?=[\da-z])|(?<=[a-z])-(?=\d)", " ", text)
    # A comma between number words keeps them apart: "Four, seven" is two digits.
    return str(alpha2digit(text, "en", threshold=0.0))


_MONEY = re.compile(
    r"(?P<major>\d[\d,]*(?:\.\d+)?)\s*(?:dollars?|euros?|pounds?|bucks?|quid)"
    r"(?:\s*(?:and\s*)?(?P<minor>\d{1,2})(?:\s*(?:cents?|pence|p))?\b)?"
)
_NUMBER = re.compile(r"(?<![\d.])[$€£]?(-?\d[\d,]*(?:\.\d+)?)(?!\d|st|nd|rd|th)")
_FRACTIONS = {"and a half": 0.5, "and a quarter": 0.25, "and three quarters": 0.75}
_WORDS = {"a dozen": 12, "a couple": 2, "a pair": 2, "half a dozen": 6, "none": 0, "both": 2}


def find_number(text: str) -> float | int | None:
    """A count or an amount: "two and a half" as 2.5, "47 dollars and 50 cents" as 47.5."""
    lowered = text.lower()
    said = _numerals(lowered)
    if money := _MONEY.search(said):
        return _whole(_float(money["major"]) + int(money["minor"] or 0) / 100)
    if matches := _NUMBER.findall(said):
        value = _float(matches[-1] if _CORRECTION.search(lowered) else matches[0])
        value += next((part for words, part in _FRACTIONS.items() if words in lowered), 0.0)
        return _whole(value)
    return next(
        (n for words, n in sorted(_WORDS.items(), key=lambda i: -len(i[0])) if words in lowered),
        None,
    )


def _float(text: str) -> float:
    return float(text.replace(",", ""))


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 6)


_NO = re.compile(
    r"^(no|nope|nah|naw|never|negative|wrong|incorrect|false|absolutely not|certainly not)\b"
    r"|\b(not (really|quite|correct|right|true|at all|exactly|now|today|yet|necessary)|"
    r"(that|it)('s| is|s)? (not|wrong|incorrect|isn't)|that isn't|it isn't|isn't (right|correct)|"
    r"i (don't|do not|didn't|did not) (think|want|believe|need|say)|i('d| would) rather not|"
    r"no thanks?|no thank you|of course not|i'm not|don't bother|rather not|i haven't|i have not)\b"
    r"|^(i )?(don't|do not|didn't|did not|won't|haven't)[\s,.!]*$|^not\b",
    re.I,
)
_YES = re.compile(
    r"^(yes|yeah|yea|yep|yup|yah|ya|aye|sure|correct|right|exactly|absolutely|definitely|ok|okay|"
    r"fine|true|indeed|certainly|precisely|affirmative|perfect|alright|all right|uh huh|"
    r"uh-huh|mhm|mm-hmm|mm hmm|m-hm|great|sounds good|of course|go ahead|by all means|"
    r"please do|you got it|spot on|that'?s (it|right|correct|fine|good|the one|true)|"
    r"(that|it|this) (is|was|sounds|would be) (right|correct|fine|good|true|great|it|perfect)|"
    r"i (think so|guess so|believe so|suppose so)|it's right|"
    r"you('re| are) right|you('ve| have) got it|do that|let's do)\b"
    r"|^(i (do|did|am|have|would|will)|it (is|does|was)|good|please)"
    r"(?=[\s,.!]*$|[\s,.]+(please|thanks|thank|indeed|yes)\b)",
    re.I,
)
_FILLERS = re.compile(
    r"^((i said|well|so|um+|uh+(?! huh)|er+m?|ah+|oh+|hm+|hmm+|and|but|i mean|you know|actually|"
    r"look|listen|i think|i guess|yeah(?= (no|nope|nah)\b))\b[\s,.!-]*)+",
    re.I,
)
_DOUBT = re.compile(r"^(yes|yeah|no)\b[\s,]*(and|or)\s+(no|yes)\b|\byes or no\b", re.I)


def find_yes_no(text: str) -> bool | None:
    """Whether the answer is a yes or a no, in whatever words; None when it is neither."""
    said = _FILLERS.sub("", text.strip().replace("’", "'"))
    said = re.sub(r"^[^\w]+", "", said)
    if (
        not said
        or _DOUBT.search(said)
        or re.match(r"(i'm )?not (so |too |quite )?sure\b", said, re.I)
    ):
        return None
    if re.match(r"no (problem|worries|doubt)\b", said, re.I):
        return True
    if re.match(r"(why|i see no reason) not\b", said, re.I):
        return True
    if re.match(r"(yes|yeah|yep|yup|correct|right|exactly)\b", said, re.I):
        return True
    if _NO.search(said):
        return False
    return True if _YES.search(said) else None


_NAME_CUE = re.compile(
    r"\b(?:my (?:full |last |first )?name(?:'s| is|s)|name is|i'm called|i am called|call me|"
    r"this is|speaking is|under the name(?: of)?|the name(?:'s| is)|"
    r"(?:it's|it is|i'm|i am)(?= [A-Z]))\s+",
    re.I,
)
_NAME_END = re.compile(
    r"[.,;!?]|\b(?:and|but|i|i'm|i'd|calling|speaking|here|from|please|with|about|my|is|for|to|the)\b",
    re.I,
)
_NOT_NAMES = {
    "a", "an", "about", "just", "not", "very", "so", "really", "here", "there", "wrong", "right",
    "fine", "sorry", "okay", "ok", "yes", "no", "that", "this", "what", "where", "when", "why",
    "how", "who", "calling", "looking", "trying", "having", "good", "great", "important", "urgent",
    "ridiculous", "me", "you", "going", "still", "at", "in", "on", "um", "uh", "well", "hello",
    "hi", "hey", "please", "thanks", "thank", "again", "can", "could", "do", "does", "did",
}  # fmt: skip


def find_name(text: str, *, expected: bool = False) -> str | None:
    """A person's name: after "my name is", "this is" and the like, or alone when asked for."""
    said = text.strip().replace("’", "'")
    for cue in _NAME_CUE.finditer(said):
        # "I'm" and "it's" are followed by far more than names: a capital letter must tell.
        if cue[0].lower().startswith(("it", "i'm ", "i am ")) and not said[cue.end()].isupper():
            continue
        if name := _as_name(said[cue.end() :]):
            return name
    if not expected:
        return None
    said = _FILLERS.sub("", said)
    said = re.sub(r"^(yes|yeah|sure|okay|ok|no|sorry)\b[\s,]*", "", said, flags=re.I)
    said = re.sub(r"^(it's|it is|i'm|i am|that's|that is)\s+", "", said, flags=re.I)
    return _as_name(said)


def _as_name(text: str) -> str | None:
    if spelled := re.match(r"(?:[A-Za-z][\s.,-]+){2,}[A-Za-z]\b(?![a-z])", text):
        return re.sub(r"[^A-Za-z]", "", spelled[0]).capitalize()
    words = _NAME_END.split(text, maxsplit=1)[0].split()[:4]
    if not words or any(w.lower() in _NOT_NAMES or any(c.isdigit() for c in w) for w in words):
        return None
    if len(words) > 3 and not all(word[0].isupper() for word in words):
        return None
    return " ".join(w if any(c.isupper() for c in w[1:]) else w.capitalize() for w in words)


_RANK = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1, "latter": -1,
         "former": 0}  # fmt: skip


def find_choice(text: str, choices: Mapping[str, Sequence[str]] | Sequence[str]) -> str | None:
    """Which of the choices was meant: by its words, nearly its words, or its place.

    Args:
        choices: the choices, each with other words for it where it is a mapping.
    """
    synonyms = choices if isinstance(choices, Mapping) else dict.fromkeys(choices, ())
    said = re.findall(r"[a-z0-9']+", text.lower())
    scores = {
        choice: max(_likeness(said, form) for form in (choice, *forms))
        for choice, forms in synonyms.items()
    }
    ranked = sorted(scores, key=lambda choice: -scores[choice])
    if ranked and scores[ranked[0]] >= 0.8:
        if len(ranked) == 1 or scores[ranked[0]] - scores[ranked[1]] > 0.05:
            return ranked[0]
        return None
    for word, place in _RANK.items():
        if word in said and place < len(ranked):
            return list(synonyms)[place]
    return None


def _likeness(said: Sequence[str], form: str) -> float:
    """How much of `form` is in what was said, 0 to 1; longer matches weigh a little more."""
    words = re.findall(r"[a-z0-9']+", form.lower())
    best = 0.0
    for at in range(max(1, len(said) - len(words) + 1)):
        window = " ".join(said[at : at + len(words)])
        best = max(best, difflib.SequenceMatcher(None, window, " ".join(words)).ratio())
    return best + 0.001 * len(words) if best > 0.95 else best


def find_all(
    text: str,
    today: date,
    expecting: Expectation | None = None,
    choices: Mapping[str, Sequence[str]] | None = None,
    past: bool = False,
) -> dict[str, Any]:
    """Every value in the text, by kind as in `Understanding.entities`."""
    kind = expecting.kind if expecting else "open"
    offered = choices or (expecting.choices if expecting else ())
    least, most = (expecting.min_digits, expecting.max_digits) if expecting else (None, None)
    lengths = range(least or 1, (most or 40) + 1)
    found: dict[str, Any] = {
        "digits": find_digits(text, expected=kind == "digits", lengths=lengths),
        "number": find_number(text),
        "date": find_date(text, today, expected=kind == "date", past=past),
        "yes_no": find_yes_no(text),
        "name": find_name(text, expected=kind == "name"),
        "choice": find_choice(text, offered) if offered else None,
    }
    return {name: value for name, value in found.items() if value is not None}
