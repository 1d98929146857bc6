"""Cases: what a conversation has left open, and who may go on with it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from voiceagent.cases import CODE_DIGITS, digest
from voiceagent.dialogue.plan import Continues
from voiceagent.dialogue.unfinished import Unfinished
from voiceagent.events import (
    WRITTEN,
    CallArrived,
    CallbackClosed,
    CallbackRequested,
    CallEnded,
    CallFacts,
    CaseContinued,
    CaseOpened,
    Channel,
    HandoverBridged,
    HandoverCompleted,
    PersonWrote,
    Record,
    TurnHeard,
    TurnUnderstood,
)
from voiceagent.records.store import Store

By = Literal["number", "customer", "code"]


class Left(NamedTuple):
    """What a conversation has left open."""

    channel: Channel
    intent: str | None
    topic: str
    slots: dict[str, Any]


def left_open(records: Iterable[Record]) -> Left | None:
    """What one conversation has left open, None when nothing is or a person has taken it."""
    channel: Channel = "call"
    intent: str | None = None
    topic = ""
    slots: dict[str, Any] = {}
    for record in records:
        match record.event:
            case CallArrived(facts=facts):
                channel = facts.channel
            case TurnUnderstood(about=about, slots=known):
                slots = known
                intent = about or (intent if topic else None)
            case CallbackRequested(callback=asked):
                intent, topic = asked.context.intent, asked.topic
                slots = asked.context.slots
            case CallbackClosed() | HandoverBridged() | HandoverCompleted() | PersonWrote():
                intent, topic = None, ""
    return Left(channel, intent, topic, slots) if intent or topic else None


def shown(store: Store, token: str, now: datetime, *, codes: bool = True) -> str | None:
    """The case that a token opens, or a code unless only tokens do; None when it opens none.

    Raises:
        sqlite3.Error: the store cannot be read.
    """
    digits = "".join(token.split())
    code = digits if codes and digits.isdecimal() and len(digits) == CODE_DIGITS else ""
    record = store.case_opened(digest(token), code)
    if record is None or not isinstance(record.event, CaseOpened):
        return None
    return record.call_id if record.event.expires_at >= now else None


def chain(store: Store, case_id: str) -> list[str]:
    """The conversations of a case in order, the one that has opened it first."""
    return [case_id, *store.continuations(case_id)]


def facts_of(records: Iterable[Record]) -> CallFacts:
    """Whom a conversation is with."""
    arrived = (r.event.facts for r in records if isinstance(r.event, CallArrived))
    return next(arrived, CallFacts())


def live_call(records: Iterable[Record]) -> str:
    """The call in which a case is being talked about now; empty when it is in none."""
    live: dict[str, None] = {}
    for record in records:
        match record.event:
            case CallArrived(facts=facts) if facts.channel == "call":
                live[record.call_id] = None
            case CallEnded():
                live.pop(record.call_id, None)
    return next(reversed(live), "")


def newest(records: Iterable[Record]) -> str:
    """The conversation that has begun last."""
    begun = [record.call_id for record in records if isinstance(record.event, CallArrived)]
    return begun[-1] if begun else ""


def written(records: Iterable[Record]) -> list[str]:
    """What the customer has written."""
    turns = (r.event.utterance for r in records if isinstance(r.event, TurnHeard))
    return [said.text for said in turns if said.engine == WRITTEN]


def with_person(records: Iterable[Record]) -> bool:
    """Whether a person has answered in writing."""
    return any(isinstance(record.event, PersonWrote) for record in records)


def root(records: Iterable[Record]) -> str:
    """The case that a conversation belongs to: its own id, unless it goes on with another."""
    case_id = ""
    for record in records:
        case_id = case_id or record.call_id
        if isinstance(record.event, CaseContinued):
            case_id = record.event.case_id
    return case_id


def unfinished(
    store: Store, facts: CallFacts, settings: Continues, now: datetime
) -> Unfinished | None:
    """What an earlier conversation of the same customer has left open, the newest of them.

    A number that is withheld finds nothing.

    Raises:
        sqlite3.Error: the store cannot be read.
    """
    since = now - timedelta(hours=settings.hours)
    if settings.hours == 0:
        return None
    for by, call_id in _candidates(store, facts, settings, since, now):
        records = store.events(call_id)
        left = left_open(records)
        recent = bool(records) and records[-1].at >= since
        if left and recent and (left.channel in settings.after or by == "code"):
            return Unfinished(
                case_id=root(records),
                by=by,
                channel=left.channel,
                intent=left.intent,
                topic=left.topic,
                slots=left.slots,
            )
        if recent and by != "code":
            return None  # whatever was open before, their last conversation has settled it
    return None


def _candidates(
    store: Store, facts: CallFacts, settings: Continues, since: datetime, now: datetime
) -> Iterable[tuple[By, str]]:
    if "code" in settings.by and facts.case_code:
        case_id = shown(store, facts.case_code, now)
        if case_id is not None:
            yield from (("code", call_id) for call_id in reversed(chain(store, case_id)))
    if "customer" in settings.by and facts.customer_id:
        for call_id, _ in store.calls_of_customer(facts.customer_id, since):
            if not same(store, call_id, facts):
                yield "customer", call_id
    if "number" in settings.by and facts.shown_number:
        for call_id, _ in store.calls_of(facts.shown_number, since, but=facts.sip_call_id):
            if not _another(store, call_id, facts):
                yield "number", call_id


def _arrived(store: Store, call_id: str) -> CallFacts | None:
    for record in store.events(call_id)[:1]:
        if isinstance(record.event, CallArrived):
            return record.event.facts
    return None


def same(store: Store, call_id: str, facts: CallFacts) -> bool:
    """Whether it is the very call that asks."""
    found = _arrived(store, call_id)
    return found is not None and found.sip_call_id == facts.sip_call_id != ""


def _another(store: Store, call_id: str, facts: CallFacts) -> bool:
    """Whether it was another customer at the same telephone."""
    found = _arrived(store, call_id)
    known = found.customer_id if found else ""
    return bool(known and facts.customer_id and known != facts.customer_id)
