"""When a person is needed: a state machine over the turns of one call, without a clock.

In order of priority: an emergency; a topic that belongs to people, a wish for a person and
open anger hand over at once; so do too many failures in a row and a request made again and
again. A turn in which the caller says that they are not understood or not helped is a failure,
whatever the agent believed, and counts for two; said with the anger of an offer, it hands over.
Milder anger, and fewer failures, offer a person. A caller who has declined is left in peace for
some turns, whatever their temper. What was merely not understood is asked again. Silence alone
never rings for a person: nobody may be there to talk to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.events import Action, TurnEvidence

Cause = Literal["", "emergency", "topic", "wish", "anger", "failures", "loop", "understanding"]

COOLING = 0.15
"""Anger has to fall this far under the threshold of an offer until it can cause another."""
LIKELY_TOPIC = 0.5
"""This share of the certainty that hands over is enough to choose who the person is."""
LOOP_OFFER = 2
"""Repetitions of the same request (the third time it is made) until a person is offered."""
LOOP_HANDOVER = 4


@dataclass(frozen=True)
class Decision:
    """What the policy has decided for a turn."""

    action: Action
    cause: Cause = ""
    topic: str = "general"
    contributions: Mapping[str, float] = field(default_factory=dict)
    """How near each detector came to causing the most it can, 0 to 1."""
    failures: int = 0
    """Turns in a row that were not understood or not answered, this one included."""


class Policy:
    """One call's escalation."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._failures = 0
        self._complaints = 0
        """Of these, the turns in which the caller said so."""
        self._silences = 0
        self._quiet = 0
        """Turns for which nothing is offered."""
        self._declined = 0
        """Turns for which anger does not act, because the caller has refused a person."""
        self._heated = False
        """Whether a person was offered for anger that has not cooled since."""
        self._stuck = False
        """Whether a person was offered for the failures that are still going on."""
        self._answers = False
        """Whether this turn answers the offer of a person that was made for anger."""

    def declined(self) -> None:
        """The caller refused the person that was offered."""
        self._quiet = self._declined = self._thresholds.offer_pause
        self._answers = False
        self._failures = min(self._failures, 1)
        self._complaints = 0
        self._heated = False

    def decide(self, turn: TurnEvidence) -> Decision:
        """Take in one turn and say what to do."""
        limits = self._thresholds
        if turn.stuck:
            # What they declined was meant for a call that gets on.
            self._quiet = self._declined = 0
        elif turn.refuses_person:
            self.declined()
        self._count(turn)
        emergency, urgency = _surest(turn.topics, turn.emergencies)
        is_emergency = urgency >= limits.topic_handover
        topic, certainty = (emergency, urgency) if is_emergency else _surest(turn.topics)
        action, cause = self._choose(turn, certainty >= limits.topic_handover, is_emergency)
        self._remember(turn, action, cause)
        return Decision(
            action,
            cause,
            topic if certainty >= limits.topic_handover * LIKELY_TOPIC else "general",
            self._contributions(turn, certainty),
            self._failures,
        )

    def _count(self, turn: TurnEvidence) -> None:
        if turn.missed == "no-input":
            self._silences += 1
        elif turn.missed or turn.stuck or turn.understood < self._thresholds.understood_clarify:
            self._failures += 1
            self._complaints += turn.stuck
        else:
            self._failures = self._complaints = self._silences = 0
            self._stuck = False

    def _choose(self, turn: TurnEvidence, topic_met: bool, emergency: bool) -> tuple[Action, Cause]:
        limits = self._thresholds
        failures = self._failures + self._complaints
        anger = turn.anger if turn.anger_grounded and not self._declined else 0.0
        if topic_met:
            return ("emergency", "emergency") if emergency else ("handover", "topic")
        if turn.wish >= limits.wish_handover and not turn.refuses_person:
            return "handover", "wish"
        # Who answers the offer with anger, or says angrily that they get nowhere, is not asked.
        enough = self._answers or turn.stuck
        if anger >= (limits.anger_offer if enough else limits.anger_handover):
            return "handover", "anger"
        if failures >= limits.failure_limit:
            return "handover", "failures"
        if turn.repeats >= LOOP_HANDOVER:
            return "handover", "loop"
        if not self._quiet:
            if anger >= limits.anger_offer and not self._heated:
                return "offer", "anger"
            if failures + self._silences >= limits.clarify_limit and not self._stuck:
                return "offer", "failures"
            if turn.repeats >= LOOP_OFFER:
                return "offer", "loop"
        if turn.missed or turn.understood < limits.understood_clarify:
            return "clarify", "understanding"
        return "continue", ""

    def _remember(self, turn: TurnEvidence, action: Action, cause: Cause) -> None:
        self._quiet = 1 if action == "offer" else max(0, self._quiet - 1)
        self._declined = max(0, self._declined - 1)
        self._answers = action == "offer" and cause == "anger"
        if action == "offer":
            self._heated = self._heated or cause == "anger"
            self._stuck = self._stuck or cause == "failures"
        if turn.anger < self._thresholds.anger_offer - COOLING:
            self._heated = False

    def _contributions(self, turn: TurnEvidence, topic: float) -> dict[str, float]:
        limits = self._thresholds
        return {
            "topic": topic,
            "wish": turn.wish,
            "anger": turn.anger if turn.anger_grounded else 0.0,
            "failures": min(1.0, (self._failures + self._complaints) / limits.failure_limit),
            "loop": min(1.0, turn.repeats / LOOP_HANDOVER),
            "understanding": 1.0 - turn.understood,
        }


def _surest(topics: Mapping[str, float], among: frozenset[str] | None = None) -> tuple[str, float]:
    some = topics if among is None else {name: topics[name] for name in among & topics.keys()}
    return max(some.items(), key=lambda item: item[1], default=("", 0.0))
