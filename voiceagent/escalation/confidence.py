"""Whether the agent understood a turn: what was heard, and whether it fits what was asked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from difflib import SequenceMatcher

from voiceagent.events import Expectation, Understanding, Utterance

NO_SPEECH = 0.85
"""From this on, the recogniser says that it made words out of silence or noise."""
MIDDLE = 0.55
"""The confidence at which right and wrong are equally likely for an open turn."""
SHORT = 6
"""A turn of so many words at most may be nothing but a value."""


@dataclass(frozen=True)
class Understood:
    """How probably the agent understood a turn."""

    probability: float
    evidence: tuple[str, ...] = ()
    """What speaks for doubt, and what the recogniser could not tell."""


def understood(
    utterance: Utterance, understanding: Understanding | None, expecting: Expectation | None
) -> Understood:
    """The probability that recognition and understanding got this turn right.

    Where there is no dialplan to understand it by, it is that of recognition alone.
    """
    if not any(letter.isalnum() for letter in utterance.text):
        return Understood(0.0, ("nothing was recognised",))
    if utterance.no_speech is not None and utterance.no_speech >= NO_SPEECH:
        return Understood(0.05, ("there was probably no speech at all",))
    evidence: list[str] = []
    odds = _recognised(utterance, evidence)
    if understanding is not None:
        odds += _made_sense(understanding, expecting, evidence)
    return Understood(1 / (1 + math.exp(-odds)), tuple(evidence))


def _recognised(utterance: Utterance, evidence: list[str]) -> float:
    """Log odds that the words are right."""
    confidence = utterance.confidence
    if confidence is None:
        evidence.append("the recogniser gives no confidence")
        odds = 0.0
    else:
        lowest = min(
            (word.confidence for word in utterance.words if word.confidence is not None),
            default=confidence,
        )
        # On turns of one or two words the recogniser's own doubt means little.
        weight = 5.0 if len(utterance.text.split()) > 2 else 2.5
        odds = weight * (0.7 * confidence + 0.3 * lowest - MIDDLE)
        if odds < -0.5:
            evidence.append(f"recognised with a confidence of only {confidence:.0%}")
    if utterance.alternatives:
        said = utterance.text.lower().split()
        same = max(
            SequenceMatcher(None, said, other.lower().split()).ratio()
            for other in utterance.alternatives[:3]
        )
        if same < 0.5:
            odds -= 0.5
            evidence.append(f"it could also have been “{utterance.alternatives[0]}”")
    return odds


def _made_sense(
    understanding: Understanding, expecting: Expectation | None, evidence: list[str]
) -> float:
    """Log odds that it means something here."""
    if understanding.topics and max(understanding.topics.values()) >= 0.5:
        return 2.0
    if expecting is not None and expecting.kind != "open":
        fit = _fits(understanding, expecting)
        if fit:
            return 2.0
        if not understanding.in_scope:
            if _corrects(understanding):
                return 0.5
            evidence.append(f"it does not answer the question for {_asked(expecting)}")
            return -1.5
        # The caller may speak of something else than was asked.
        return 0.5 + min(4 * understanding.margin, 1.0)
    if not understanding.in_scope:
        if understanding.entities and len(understanding.text.split()) <= SHORT:
            # A yes, a no or a number belongs to what was said before.
            return 0.5
        evidence.append("it is nothing the dialplan speaks about")
        return -2.0
    odds = 0.8 + min(6 * understanding.margin, 1.5)
    if understanding.margin < 0.03:
        evidence.append("it could mean more than one thing")
        odds -= 0.8
    return odds


def _corrects(understanding: Understanding) -> bool:
    """Whether it is a no with a value: "no, four seven"."""
    values = understanding.entities
    return values.get("yes_no") is False and len(values) > 1


def _fits(understanding: Understanding, expecting: Expectation) -> bool:
    value = understanding.entities.get(expecting.kind)
    if value is None:
        return False
    if expecting.kind == "digits":
        count = len(str(value))
        least, most = expecting.min_digits or 1, expecting.max_digits or count
        return least <= count <= most
    return True


def _asked(expecting: Expectation) -> str:
    return expecting.slot or {"yes_no": "yes or no"}.get(expecting.kind, f"a {expecting.kind}")
