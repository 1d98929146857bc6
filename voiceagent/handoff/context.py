"""The context package: everything a person needs, so that the caller need not say it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from voiceagent.dialogue.manager import DialogueManager
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.replies import HandoverRequest
from voiceagent.events import (
    CallFacts,
    EarlierCall,
    HandoverContext,
    Identity,
    LookupDone,
    Mood,
    Record,
    TranscriptLine,
    Verdict,
)
from voiceagent.telephony.headers import new_handover_id

UPSET = 0.5
"""Anger from which a person is told that the caller is upset."""


def package(
    call_id: str,
    facts: CallFacts,
    plan: Dialplan,
    request: HandoverRequest,
    manager: DialogueManager,
    decisive: Sequence[Record],
    transcript: Sequence[TranscriptLine],
    earlier: Sequence[EarlierCall] = (),
) -> HandoverContext:
    """Gather what is known of a call at the moment it is handed over.

    Args:
        request: why, and to whom by topic.
        manager: where the dialogue stands.
        decisive: the verdicts and look-ups of the call, in order.
        earlier: the caller's earlier calls, the newest first.
    """
    verdicts = [(r.t_s or 0.0, r.event) for r in decisive if isinstance(r.event, Verdict)]
    last = verdicts[-1][1] if verdicts else None
    anger = last.anger if last else 0.0
    return HandoverContext(
        handover_id=new_handover_id(),
        call_id=call_id,
        created_at=datetime.now(UTC),
        facts=facts,
        language=plan.language,
        reason=request.reason,
        reasons=last.reasons if last else (),
        topic=request.topic,
        intent=manager.intent,
        slots=manager.slots,
        tried=manager.tried,
        anger=anger,
        summary=manager.summary(),
        next_step=" ".join(_next_step(request.topic, plan, manager, anger)),
        identity=_identity(facts, decisive),
        mood=tuple(
            Mood(
                turn=verdict.turn,
                t_s=t_s,
                anger=verdict.anger,
                understood=verdict.understood,
                action=verdict.action,
            )
            for t_s, verdict in verdicts
        ),
        earlier=tuple(earlier),
        transcript=tuple(transcript),
    )


def _next_step(topic: str, plan: Dialplan, manager: DialogueManager, anger: float) -> Iterator[str]:
    if anger >= UPSET:
        yield "Hear them out first."
    known = plan.topics.get(topic)
    if known is not None and known.advice:
        yield known.advice
    elif manager.still_open:
        yield f"Ask for the {manager.still_open}."
    elif manager.intent is None:
        yield "Ask what they want: they have not told the agent."
    elif manager.tried:
        yield f"Go on from here: {manager.tried[-1]}"


def _identity(facts: CallFacts, decisive: Sequence[Record]) -> Identity:
    checks = [r.event for r in decisive if isinstance(r.event, LookupDone)]
    passed = [check.name for check in checks if check.identity_check and check.found]
    asserted = ["The PBX vouches for the number."] if facts.asserted_identity else []
    return Identity(
        number=facts.shown_number,
        name=facts.caller_name,
        verified=(*asserted, *(f"Passed the check {name}." for name in dict.fromkeys(passed))),
    )
