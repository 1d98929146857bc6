"""The context package: everything a person needs, so that the caller need not say it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from voiceagent.dialogue.manager import DialogueManager
from voiceagent.dialogue.replies import HandoverRequest
from voiceagent.events import CallFacts, HandoverContext, TranscriptLine, Verdict
from voiceagent.telephony.headers import new_handover_id


def package(
    call_id: str,
    facts: CallFacts,
    language: str,
    request: HandoverRequest,
    manager: DialogueManager,
    verdict: Verdict | None,
    transcript: Sequence[TranscriptLine],
) -> HandoverContext:
    """Gather what is known of a call at the moment it is handed over.

    Args:
        request: why, and to whom by topic.
        manager: where the dialogue stands.
        verdict: the last one, None when there has been no turn.
    """
    return HandoverContext(
        handover_id=new_handover_id(),
        call_id=call_id,
        created_at=datetime.now(UTC),
        facts=facts,
        language=language,
        reason=request.reason,
        reasons=verdict.reasons if verdict else (),
        topic=request.topic,
        intent=manager.intent,
        slots=manager.slots,
        tried=manager.tried,
        anger=verdict.anger if verdict else 0.0,
        summary=manager.summary(),
        transcript=tuple(transcript),
    )
