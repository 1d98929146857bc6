"""Values found in recognised text: yes or no, names, choices; and all kinds of them at once.

Pure functions. English; another language gets modules like this one and those it uses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from voiceagent.dialogue.contacts import find_email, find_phone
from voiceagent.dialogue.corrections import latest
from voiceagent.dialogue.dates import MONTH_FIRST, find_date
from voiceagent.dialogue.numerals import find_amount, find_digits, find_number
from voiceagent.dialogue.spelling import find_code, find_postcode, find_spelled_name
from voiceagent.dialogue.times import find_time
from voiceagent.events import Expectation

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


def begins_with(text: str, yes: Sequence[str], no: Sequence[str]) -> bool | None:
    """Whether an answer begins with one of the forms of a yes or of a no; the longest counts."""
    said = _plain(text)
    forms = [(_plain(form), True) for form in yes] + [(_plain(form), False) for form in no]
    met = [(len(form), answer) for form, answer in forms if f"{said} ".startswith(f"{form} ")]
    return max(met)[1] if met else None


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.casefold().replace("’", "'")))


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
    """A person's name: after "my name is", "this is" and the like, or alone when asked for.

    What is spelled beside it says how it is written.
    """
    said = text.strip().replace("’", "'")
    name = latest(said, lambda part: _name(part, expected))
    if not (name or expected):
        return None
    spelled = find_spelled_name(said)
    return _written(name, spelled) if spelled else name


def _written(name: str | None, spelled: str) -> str:
    """The name with the part that was spelled as it was spelled."""
    words = (name or "").split()
    likeness = [SequenceMatcher(None, word.lower(), spelled.lower()).ratio() for word in words]
    if not words or max(likeness) < 0.5:
        return spelled
    words[likeness.index(max(likeness))] = spelled
    return " ".join(words)


def _spelled_or_said(text: str, expected: bool) -> str | None:
    """A name that was spelled, or said in one word where a spelling was asked for."""
    spelled = find_spelled_name(text, expected=expected)
    said = find_name(text, expected=True) if expected and not spelled else None
    return spelled or (said if said and " " not in said else None)


def _name(said: str, expected: bool) -> str | None:
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
    words = _NAME_END.split(text, maxsplit=1)[0].split()[:4]
    if not words or any(w.lower() in _NOT_NAMES or any(c.isdigit() for c in w) for w in words):
        return None
    if all(len(word) == 1 for word in re.split(r"[\s.-]", " ".join(words))):
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
    return latest(text, lambda part: _choice(part, synonyms))


def _choice(text: str, synonyms: Mapping[str, Sequence[str]]) -> str | None:
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
        best = max(best, SequenceMatcher(None, window, " ".join(words)).ratio())
    return best + 0.001 * len(words) if best > 0.95 else best


def find_all(
    text: str,
    today: date,
    expecting: Expectation | None = None,
    choices: Mapping[str, Sequence[str]] | None = None,
    past: bool = False,
    region: str = "US",
) -> dict[str, Any]:
    """Every value in the text, by kind as in `Understanding.entities`.

    Args:
        today: what dates are counted from.
        expecting: what was asked for: it is looked for more boldly than the rest.
        past: a date that was asked for lies in the past.
        region: ISO 3166 code; decides how dates, postcodes and telephone numbers are read.
    """
    kind: str = expecting.kind if expecting else "open"
    yes_no = find_yes_no(text)
    if expecting and expecting.reads_back and yes_no is False:
        kind = expecting.reads_back
    offered = choices or (expecting.choices if expecting else ())
    least, most = (expecting.min_digits, expecting.max_digits) if expecting else (None, None)
    lengths = range(least or 1, (most or 40) + 1)
    month_first = region in MONTH_FIRST
    found: dict[str, Any] = {
        "digits": find_digits(text, expected=kind == "digits", lengths=lengths),
        "number": find_number(text),
        "amount": find_amount(text, expected=kind == "amount"),
        "date": find_date(text, today, expected=kind == "date", past=past, month_first=month_first),
        "time": find_time(text, expected=kind == "time"),
        "yes_no": yes_no,
        "name": find_name(text, expected=kind == "name"),
        "spelled_name": _spelled_or_said(text, expected=kind == "spelled_name"),
        "code": find_code(text, expected=kind == "code"),
        "postcode": find_postcode(text, region, expected=kind == "postcode"),
        "email": find_email(text, expected=kind == "email"),
        "phone": find_phone(text, region, expected=kind == "phone"),
        "choice": find_choice(text, offered) if offered else None,
    }
    return {name: value for name, value in found.items() if value is not None}
