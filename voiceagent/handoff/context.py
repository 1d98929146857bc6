"""The context package: everything a person needs, so that the caller need not say it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from voiceagent.dialogue.manager import DialogueManager
from voiceagent.dialogue.notes import Note
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
from voiceagent.handoff.telling import Readers, Telling
from voiceagent.telephony.headers import new_handover_id

UPSET = 0.5
"""Anger from which a person is told that the caller is upset."""


def package(
    call_id: str,
    facts: CallFacts,
    readers: Readers,
    request: HandoverRequest,
    manager: DialogueManager,
    decisive: Sequence[Record],
    transcript: Sequence[TranscriptLine],
    earlier: Sequence[EarlierCall] = (),
) -> HandoverContext:
    """Gather what is known of a call at the moment it is handed over.

    Args:
        readers: in whose languages it is told.
        request: why, and to whom by topic.
        manager: where the dialogue stands.
        decisive: the verdicts and look-ups of the call, in order.
        earlier: the caller's earlier calls, the newest first.
    """
    verdicts = [(r.t_s or 0.0, r.event) for r in decisive if isinstance(r.event, Verdict)]
    last = verdicts[-1][1] if verdicts else None
    anger = last.anger if last else 0.0
    checks = _passed(decisive)
    telling = Telling(
        why=request.why,
        reasons=last.reasons if last else (),
        causes=last.contributions if last else {},
        tried=manager.done,
        summary=manager.summary,
        next_step=tuple(_next_step(request.topic, readers.plan, manager, anger)),
        verified=tuple(_verified(facts, checks)),
    )
    told = telling.told(readers.own)
    return HandoverContext(
        handover_id=new_handover_id(),
        call_id=call_id,
        created_at=datetime.now(UTC),
        facts=facts,
        language=readers.plan.language,
        reason=told.reason,
        reasons=told.reasons,
        topic=request.topic,
        intent=manager.intent,
        slots=manager.slots,
        tried=told.tried,
        anger=anger,
        summary=told.summary,
        next_step=told.next_step,
        identity=Identity(
            number=facts.shown_number,
            name=facts.caller_name,
            verified=told.verified,
            vouched=bool(facts.asserted_identity),
            checks=checks,
        ),
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
        translations=readers.translations(telling),
    )


def _next_step(
    topic: str, plan: Dialplan, manager: DialogueManager, anger: float
) -> Iterator[Note]:
    if anger >= UPSET:
        yield Note(says="hear_out")
    known = plan.topics.get(topic)
    if known is not None and known.advice:
        yield Note(says="advice", values={"advice": topic})
    elif manager.still_open:
        yield Note(says="ask_for", values={"slot": manager.still_open})
    elif manager.intent is None:
        yield Note(says="ask_wish")
    elif manager.done:
        yield Note(says="go_on", values={"note": manager.done[-1]})


def _passed(decisive: Sequence[Record]) -> tuple[str, ...]:
    checks = [r.event for r in decisive if isinstance(r.event, LookupDone)]
    passed = (check.name for check in checks if check.identity_check and check.found)
    return tuple(dict.fromkeys(passed))


def _verified(facts: CallFacts, checks: Sequence[str]) -> Iterator[Note]:
    if facts.asserted_identity:
        yield Note(says="vouched")
    for check in checks:
        yield Note(says="passed", values={"check": check})
