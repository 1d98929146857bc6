"""Whether the agent understood a turn: what was heard, and whether it fits what was asked."""

from __future__ import annotations

import math
from dataclasses import dataclass

from voiceagent.escalation.rightness import rightness
from voiceagent.events import Expectation, Understanding, Utterance

NO_SPEECH = 0.85
"""From this on, the recogniser says that it made words out of silence or noise."""
DOUBTFUL = 0.4
"""Below this probability of every word being right, the doubt is worth telling."""
TRUST = 2.5
"""Most log odds that recognition counts for either way: sense has its say as well."""
SHORT = 4
"""A turn of so many words at most may be nothing but a value."""
HARDLY, SURELY = 0.2, 0.5
"""Up to the first probability of being right, words are not acted on; from the second on in full.
Every word has to be right for that, so what is less sure mostly means what it says all the same."""
UNSAID = 0.1
"""What is taken for the anger or the wish in words that cannot be believed."""


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
    heard = _recognised(utterance, expecting, evidence)
    if understanding is None:
        return Understood(1 / (1 + math.exp(-heard)), tuple(evidence))
    sense = _made_sense(understanding, expecting, evidence)
    # Words that make no sense here are not understood, however surely they were heard.
    heard = min(max(heard, -TRUST), TRUST if sense >= 0 else 0.0)
    odds = sense + heard
    return Understood(1 / (1 + math.exp(-odds)), tuple(evidence))


def believed(utterance: Utterance, expecting: Expectation | None) -> float:
    """How far it may be acted on what the words say, 0 to 1; 1 where an engine gives no
    confidence, since nothing would ever count there."""
    probability = rightness(utterance, expecting)
    if probability is None:
        return 1.0
    return min(max((probability - HARDLY) / (SURELY - HARDLY), 0.0), 1.0)


def discounted(probability: float, belief: float) -> float:
    """What is left of a finding in words that are believed this far."""
    return min(probability, UNSAID + belief * (probability - UNSAID))


def _recognised(utterance: Utterance, expecting: Expectation | None, evidence: list[str]) -> float:
    """Log odds that the words are right."""
    probability = rightness(utterance, expecting)
    if probability is None:
        evidence.append("the recogniser gives no confidence")
        return 0.0
    if probability < DOUBTFUL:
        evidence.append(f"recognised with a confidence of only {probability:.0%}")
        if utterance.alternatives:
            evidence.append(f"it could also have been “{utterance.alternatives[0]}”")
    probability = min(max(probability, 0.001), 0.999)
    return math.log(probability / (1 - probability))


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
