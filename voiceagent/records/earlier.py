"""What is on record of a caller's earlier calls: how many there were, and with whom they spoke."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta

import structlog

from voiceagent.dialogue.wording import plain
from voiceagent.events import CallFacts, EarlierCall, HandoverContextReady, Record, TurnUnderstood
from voiceagent.handoff.routing import Earlier
from voiceagent.people import Routing
from voiceagent.records.outcome import outcome
from voiceagent.records.store import Store
from voiceagent.services import LookBack

_LOOKED_AT = 20
"""Calls of a number that are gone through for the person spoken to last."""
_TOLD = 3
"""Calls that a person is told of."""
_LONGEST_S = 1.0

_log = structlog.get_logger()


def earlier(store: Store, facts: CallFacts, settings: Routing, now: datetime) -> Earlier:
    """Earlier calls of the number that calls; none where it is withheld.

    Raises:
        sqlite3.Error: the store cannot be read.
    """
    number = facts.shown_number
    if not number:
        return Earlier()
    often_since = now - timedelta(hours=settings.repeated_h)
    since = min(often_since, now - timedelta(days=settings.last_person_days))
    calls = store.calls_of(number, since, but=facts.sip_call_id)
    often = sum(at >= often_since for _, at in calls)
    latest: list[EarlierCall] = []
    spoke: EarlierCall | None = None
    for call_id, _ in calls[:_LOOKED_AT]:
        call = _in_short(store.events(call_id))
        if len(latest) < _TOLD:
            latest.append(call)
        if call.person and spoke is None:
            spoke = call
        if spoke is not None and len(latest) == _TOLD:
            break
    person, spoke_at = (spoke.person, spoke.started_at) if spoke else ("", None)
    return Earlier(calls=often, person=person, spoke_at=spoke_at, latest=tuple(latest))


def _in_short(records: list[Record]) -> EarlierCall:
    """What a person should know of an earlier call."""
    found = outcome(records)
    told = [r.event.context.summary for r in records if isinstance(r.event, HandoverContextReady)]
    wanted = dict.fromkeys(
        r.event.understanding.intent
        for r in records
        if isinstance(r.event, TurnUnderstood) and r.event.understanding.intent
    )
    return EarlierCall(
        call_id=found.call_id,
        started_at=found.started_at,
        about=told[-1] if told else ", ".join(plain(intent) for intent in wanted),
        person=found.person,
    )


def looking_back(store: Store, settings: Routing) -> LookBack:
    """`earlier` as a line asks for it: in a thread, and no caller waits for a slow disk."""

    async def look_back(facts: CallFacts) -> Earlier:
        try:
            async with asyncio.timeout(_LONGEST_S):
                return await asyncio.to_thread(earlier, store, facts, settings, datetime.now(UTC))
        except (sqlite3.Error, TimeoutError) as error:
            _log.warning("earlier_calls.unknown", error=str(error) or "the store is too slow")
            return Earlier()

    return look_back
