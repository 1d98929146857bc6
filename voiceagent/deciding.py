"""A turn becomes a decision: the judge's verdict on it, and the reply that follows from both.

No I/O: what a turn means has been found out already.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from voiceagent.dialogue.manager import DialogueManager
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.replies import Reply
from voiceagent.escalation.judge import Judge
from voiceagent.events import Utterance, Verdict
from voiceagent.sense import Sense


class Decided(NamedTuple):
    """What follows from a turn."""

    verdict: Verdict
    reply: Reply
    declined: bool = False
    """Whether the caller has refused the person that was offered."""


class Decider:
    """Decides in one caller's conversation.

    Args:
        manager: the dialogue of that call, which `Decider` moves on.
        judge: the call's own.
    """

    def __init__(self, plan: Dialplan, manager: DialogueManager, judge: Judge) -> None:
        self._emergencies = plan.emergency_topics
        self._manager = manager
        self._judge = judge

    def turn(
        self, number: int, utterance: Utterance, sense: Sense, *, interrupted: bool = False
    ) -> Decided:
        """What follows from a turn in which something was said.

        Args:
            number: of the caller's turn, from 1.
            interrupted: whether the caller cut the agent short to say this.
        """
        manager = self._manager
        understanding = sense.understanding
        verdict = self._judge.judge(
            number,
            utterance,
            understanding,
            manager.expecting,
            sense.measures,
            sense.vector,
            interrupted=interrupted,
            emergency_topics=self._emergencies,
        )
        declined_before = manager.offered_declined
        reply = self._follow(
            verdict,
            lambda: manager.turn(understanding, verdict.understood),
            lambda: manager.clarify(understanding),
        )
        # A no with a complaint is an answer to what went wrong, and not to the offer.
        evidence = verdict.evidence
        content = evidence is None or not (
            evidence.stuck or evidence.anger >= verdict.limits["anger_offer"]
        )
        declined = manager.offered_declined and not declined_before and content
        if declined:
            self._judge.declined()
        return Decided(verdict, reply, declined)

    def missed(
        self, number: int, why: Literal["no-input", "no-match", "recognition-failed"]
    ) -> Decided:
        """What follows from a turn in which nothing was said, or nothing recognised."""
        verdict = self._judge.missed(number, why)
        ask_again = self._manager.no_input if why == "no-input" else self._manager.clarify
        return Decided(verdict, self._follow(verdict, ask_again, ask_again))

    def _follow(
        self, verdict: Verdict, go_on: Callable[[], Reply], clarify: Callable[[], Reply]
    ) -> Reply:
        match verdict.action:
            case "continue":
                return go_on()
            case "clarify":
                return clarify()
            case "offer":
                return self._manager.offer_person()
            case _:
                return self._manager.announce_handover(verdict.topic, verdict.action)
