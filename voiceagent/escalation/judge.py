"""A verdict on every turn: where a turn becomes a decision.

`Prototypes.create` runs once per process; a `Judge` belongs to one call and is made in
microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.dialogue.understanding import Embedder
from voiceagent.escalation.anger import Anger, AngerDetector
from voiceagent.escalation.confidence import Understood, believed, understood
from voiceagent.escalation.policy import Decision, Policy
from voiceagent.escalation.prototypes import Prototypes
from voiceagent.escalation.repetition import Repetition
from voiceagent.escalation.stuck import says_stuck
from voiceagent.escalation.wish import LIKELY, Wish, wish_for_person
from voiceagent.events import Expectation, TurnEvidence, Understanding, Utterance, Verdict

Missed = Literal["no-input", "no-match", "recognition-failed"]

_MISSED: dict[Missed, str] = {
    "no-input": "the caller said nothing",
    "no-match": "nothing in what the caller said was recognised",
    "recognition-failed": "recognition failed",
}


class Judge:
    """One call's detectors and its policy."""

    def __init__(
        self, thresholds: Thresholds, prototypes: Prototypes | None = None, language: str = "en"
    ) -> None:
        self._thresholds = thresholds
        self._prototypes = prototypes
        self._language = language
        self._anger = AngerDetector(prototypes, language, weights=thresholds)
        self._repetition = Repetition()
        self._policy = Policy(thresholds)

    @classmethod
    async def create(
        cls, thresholds: Thresholds, embedder: Embedder, language: str = "en"
    ) -> Judge:
        """A judge with prototypes of its own; where there are many calls, share them instead."""
        return cls(thresholds, await Prototypes.create(embedder, language), language)

    def judge(
        self,
        turn: int,
        utterance: Utterance,
        understanding: Understanding,
        expecting: Expectation | None = None,
        measures: dict[str, float] | None = None,
        vector: NDArray[np.float32] | None = None,
        *,
        interrupted: bool = False,
        emergency_topics: frozenset[str] = frozenset(),
    ) -> Verdict:
        """Decide what a turn asks for.

        Args:
            turn: number of the caller's turn.
            utterance: what was heard.
            understanding: what it means, with the topics that belong to people.
            expecting: what the agent had asked for.
            measures: of `voiceagent.audio.prosody.measure` on the turn's audio.
            vector: sentence embedding of the text.
            interrupted: whether the caller cut the agent short to say this.
            emergency_topics: the topics that are an emergency.
        """
        text = utterance.text
        heard = understood(utterance, understanding, expecting)
        repeats = self._repetition.hear(text, vector, understanding, expecting)
        belief = believed(utterance, expecting)
        anger = self._anger.hear(
            text, measures, vector, belief=belief, interrupted=interrupted, repeated=repeats > 0
        )
        wish = wish_for_person(text, vector, self._prototypes, self._language, belief=belief)
        stuck: tuple[str, ...] = ()
        if belief >= LIKELY:
            stuck = says_stuck(text, vector, self._prototypes, self._language)
        evidence = TurnEvidence(
            understood=heard.probability,
            anger=anger.probability,
            anger_grounded=anger.grounded,
            anger_words=anger.words,
            anger_voice=anger.voice,
            believed=belief,
            voice_known=anger.voice_known,
            interrupted=interrupted,
            wish=wish.probability,
            refuses_person=wish.refused,
            topics=understanding.topics,
            emergencies=emergency_topics,
            repeats=repeats,
            stuck=bool(stuck),
        )
        decision = self._policy.decide(evidence)
        reasons = self._reasons(decision, heard, anger, wish, repeats, understanding.topics, stuck)
        return Verdict(
            turn=turn,
            action=decision.action,
            understood=heard.probability,
            anger=anger.probability,
            anger_voice=anger.voice,
            anger_words=anger.words,
            wish_for_person=wish.probability,
            topic=decision.topic,
            contributions=dict(decision.contributions),
            reasons=reasons,
            limits=self._thresholds.limits,
            evidence=evidence,
        )

    def missed(self, turn: int, why: Missed) -> Verdict:
        """Decide about a turn in which nothing was said or recognised."""
        evidence = TurnEvidence(understood=0.0, missed=why)
        decision = self._policy.decide(evidence)
        reasons = [_MISSED[why]]
        if decision.failures > 1:
            reasons.append(_in_a_row(decision.failures))
        return Verdict(
            turn=turn,
            action=decision.action,
            understood=0.0,
            anger=0.0,
            contributions=dict(decision.contributions),
            reasons=tuple(reasons),
            limits=self._thresholds.limits,
            evidence=evidence,
        )

    def declined(self) -> None:
        """The caller refused the person that was offered."""
        self._policy.declined()

    def progressed(self) -> None:
        """A request was met: asking the same again later is no loop."""
        self._repetition.forget()

    def _reasons(
        self,
        decision: Decision,
        heard: Understood,
        anger: Anger,
        wish: Wish,
        repeats: int,
        topics: Mapping[str, float],
        stuck: tuple[str, ...],
    ) -> tuple[str, ...]:
        """What each detector found; first the one that caused the decision."""
        found: dict[str, list[str]] = {"topic": [], "wish": [], "anger": []}
        if decision.cause in ("topic", "emergency"):
            found["topic"].append(met(decision.topic, topics[decision.topic]))
        if wish.probability >= self._thresholds.wish_handover or wish.refused:
            found["wish"] += wish.evidence or ("asks, in effect, for a person",)
        if anger.probability >= 0.3 or decision.cause == "anger":
            found["anger"] += anger.evidence or ("sounds and speaks angrily",)
        found["failures"] = list(stuck)
        found["failures"] += [_in_a_row(decision.failures)] if decision.failures > 1 else []
        found["loop"] = [f"has asked the same {repeats + 1} times"] if repeats >= 2 else []
        found["understanding"] = list(heard.evidence)
        first = {"emergency": "topic"}.get(decision.cause, decision.cause)
        order = sorted(found, key=lambda name: name != first)
        return tuple(reason for name in order for reason in found[name])


def met(topic: str, certainty: float) -> str:
    """That a topic was met, and how surely."""
    return f"the topic {topic} belongs to people ({certainty:.0%} sure)"


def _in_a_row(failures: int) -> str:
    return f"{failures} turns in a row were not understood"
