"""A verdict on every turn: where a turn becomes a decision.

`Prototypes.create` runs once per process; a `Judge` belongs to one call and is made in
microseconds.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voiceagent.dialogue.thresholds import Thresholds
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


class _Findings(NamedTuple):
    """What the detectors found in one turn."""

    heard: Understood
    belief: float
    """How far the words are believed, 0 to 1."""
    anger: Anger
    wish: Wish
    stuck: tuple[str, ...]
    """By what the caller says that they get nowhere; nothing: they do not."""
    repeats: int


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
        found = self._detect(utterance, understanding, expecting, measures, vector, interrupted)
        evidence = TurnEvidence(
            understood=found.heard.probability,
            anger=found.anger.probability,
            anger_grounded=found.anger.grounded,
            anger_words=found.anger.words,
            anger_voice=found.anger.voice,
            believed=found.belief,
            voice_known=found.anger.voice_known,
            interrupted=interrupted,
            wish=found.wish.probability,
            refuses_person=found.wish.refused,
            topics=understanding.topics,
            emergencies=emergency_topics,
            repeats=found.repeats,
            stuck=bool(found.stuck),
        )
        decision = self._policy.decide(evidence)
        return self._verdict(turn, evidence, decision, self._reasons(decision, found, evidence))

    def missed(self, turn: int, why: Missed) -> Verdict:
        """Decide about a turn in which nothing was said or recognised."""
        evidence = TurnEvidence(understood=0.0, missed=why)
        decision = self._policy.decide(evidence)
        reasons = [_MISSED[why]]
        if decision.failures > 1:
            reasons.append(_in_a_row(decision.failures))
        return self._verdict(turn, evidence, decision, tuple(reasons))

    def _detect(
        self,
        utterance: Utterance,
        understanding: Understanding,
        expecting: Expectation | None,
        measures: dict[str, float] | None,
        vector: NDArray[np.float32] | None,
        interrupted: bool,
    ) -> _Findings:
        text, own, language = utterance.text, self._prototypes, self._language
        repeats = self._repetition.hear(text, vector, understanding, expecting)
        belief = believed(utterance, expecting)
        return _Findings(
            heard=understood(utterance, understanding, expecting),
            belief=belief,
            anger=self._anger.hear(
                text, measures, vector, belief=belief, interrupted=interrupted, repeated=repeats > 0
            ),
            wish=wish_for_person(text, vector, own, language, belief=belief),
            stuck=says_stuck(text, vector, own, language) if belief >= LIKELY else (),
            repeats=repeats,
        )

    def _verdict(
        self, turn: int, evidence: TurnEvidence, decision: Decision, reasons: tuple[str, ...]
    ) -> Verdict:
        return Verdict(
            turn=turn,
            action=decision.action,
            understood=evidence.understood,
            anger=evidence.anger,
            anger_voice=evidence.anger_voice,
            anger_words=evidence.anger_words,
            wish_for_person=evidence.wish,
            topic=decision.topic,
            contributions=dict(decision.contributions),
            reasons=reasons,
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
        self, decision: Decision, found: _Findings, evidence: TurnEvidence
    ) -> tuple[str, ...]:
        """What each detector found; first the one that caused the decision."""
        cause, wish, anger = decision.cause, found.wish, found.anger
        told: dict[str, list[str]] = {"topic": [], "wish": [], "anger": []}
        if cause in ("topic", "emergency"):
            told["topic"].append(met(decision.topic, evidence.topics[decision.topic]))
        if wish.probability >= self._thresholds.wish_handover or wish.refused:
            told["wish"] += wish.evidence or ("asks, in effect, for a person",)
        if anger.probability >= 0.3 or cause == "anger":
            told["anger"] += anger.evidence or ("sounds and speaks angrily",)
        told["failures"] = list(found.stuck)
        told["failures"] += [_in_a_row(decision.failures)] if decision.failures > 1 else []
        told["loop"] = (
            [f"has asked the same {found.repeats + 1} times"] if found.repeats >= 2 else []
        )
        told["understanding"] = list(found.heard.evidence)
        first = {"emergency": "topic"}.get(cause, cause)
        order = sorted(told, key=lambda name: name != first)
        return tuple(reason for name in order for reason in told[name])


def met(topic: str, certainty: float) -> str:
    """That a topic was met, and how surely."""
    return f"the topic {topic} belongs to people ({certainty:.0%} sure)"


def _in_a_row(failures: int) -> str:
    return f"{failures} turns in a row were not understood"
