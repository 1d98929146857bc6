"""What is on record of a customer's earlier conversations, by telephone and in writing: how many
there were, with whom they spoke, and what was left open."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta

import structlog

from voiceagent.config.people import Routing
from voiceagent.dialogue.plan import Continues, plain
from voiceagent.events import (
    CallArrived,
    CallFacts,
    EarlierCall,
    HandoverContextReady,
    Record,
    TurnUnderstood,
)
from voiceagent.handoff.routing import Earlier
from voiceagent.records.cases import same, unfinished
from voiceagent.records.outcome import outcome
from voiceagent.records.store import Store
from voiceagent.services import LookBack

_LOOKED_AT = 20
"""Conversations that are gone through for the person spoken to last."""
_TOLD = 3
"""Conversations that a person is told of."""
_LONGEST_S = 1.0

_log = structlog.get_logger()


def earlier(
    store: Store,
    facts: CallFacts,
    settings: Routing,
    now: datetime,
    continues: Continues | None = None,
) -> Earlier:
    """Earlier conversations of the customer who calls or writes.

    They are known by their number, unless it is withheld, and by what the company knows them by.

    Raises:
        sqlite3.Error: the store cannot be read.
    """
    often_since = now - timedelta(hours=settings.repeated_h)
    since = min(often_since, now - timedelta(days=settings.last_person_days))
    calls = _calls(store, facts, since)
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
    left = unfinished(store, facts, continues, now) if continues else None
    return Earlier(
        calls=often, person=person, spoke_at=spoke_at, latest=tuple(latest), unfinished=left
    )


def _calls(store: Store, facts: CallFacts, since: datetime) -> list[tuple[str, datetime]]:
    """Conversations of the number or of the customer, the newest first, without this one."""
    found: dict[str, datetime] = {}
    if facts.shown_number:
        found.update(store.calls_of(facts.shown_number, since, but=facts.sip_call_id))
    if facts.customer_id:
        for call_id, at in store.calls_of_customer(facts.customer_id, since):
            if not same(store, call_id, facts):
                found.setdefault(call_id, at)
    return sorted(found.items(), key=lambda call: call[1], reverse=True)


def _in_short(records: list[Record]) -> EarlierCall:
    """What a person should know of an earlier conversation."""
    found = outcome(records)
    told = [r.event.context.summary for r in records if isinstance(r.event, HandoverContextReady)]
    wanted = dict.fromkeys(
        r.event.understanding.intent
        for r in records
        if isinstance(r.event, TurnUnderstood) and r.event.understanding.intent
    )
    arrived = [r.event.facts for r in records if isinstance(r.event, CallArrived)]
    return EarlierCall(
        call_id=found.call_id,
        channel=arrived[0].channel if arrived else "call",
        started_at=found.started_at,
        about=told[-1] if told else ", ".join(plain(intent) for intent in wanted),
        person=found.person,
    )


def looking_back(store: Store, settings: Routing, continues: Continues) -> LookBack:
    """`earlier` as a line asks for it: in a thread, and no caller waits for a slow disk."""

    async def look_back(facts: CallFacts) -> Earlier:
        now = datetime.now(UTC)
        try:
            async with asyncio.timeout(_LONGEST_S):
                return await asyncio.to_thread(earlier, store, facts, settings, now, continues)
        except (sqlite3.Error, TimeoutError) as error:
            _log.warning("earlier_calls.unknown", error=str(error) or "the store is too slow")
            return Earlier()

    return look_back
