"""What is retained on the bus: the state of a line, of a live call, and of a handover."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from voiceagent.events import (
    SCHEMA_VERSION,
    Action,
    Callback,
    Fact,
    HandoverContext,
    Mark,
    Probability,
)
from voiceagent.handoff.routing import Presence


class LineState(Fact):
    """Whether a line takes calls. Retained for as long as the broker keeps it."""

    v: Literal[1] = SCHEMA_VERSION
    line: str
    state: Literal["up", "draining", "stopped", "lost"]
    """``lost`` is published by the broker when the line's connection breaks (its last will)."""
    max_callers: int = 0


class CallState(Fact):
    """Where a live call stands. Holds no words of the caller."""

    v: Literal[1] = SCHEMA_VERSION
    call_id: str
    line: str
    started_at: datetime
    caller: str
    """Number or URI of the caller."""
    dialled: str
    phase: Literal["arrived", "talking", "held", "handing-over", "handed-over"] = "arrived"
    turns: int = 0
    """The caller's turns so far."""
    action: Action | None = None
    """Action of the last verdict."""
    anger: Probability | None = None
    """Anger of the last verdict."""
    handover_id: str | None = None
    target: str | None = None
    """The person being called or connected."""
    mark: Mark | None = None
    """The last mark of its handover."""
    updated_at: datetime


class Refusal(Fact):
    """Why a mark was not kept."""

    v: Literal[1] = SCHEMA_VERSION
    call_id: str
    problem: str
    """What is wrong, field by field, and how it is mended."""


class CallbackState(Callback):
    """What a caller has left for a group that was not free. Retained until it is closed."""

    v: Literal[1] = SCHEMA_VERSION


class Availability(Fact):
    """Whether somebody takes calls, as they or a supervisor say. Retained until it changes."""

    v: Literal[1] = SCHEMA_VERSION
    person: str
    state: Literal["away", "ready"]
    by: str = ""
    """Who says so."""
    at: datetime


class PersonState(Fact):
    """How a line sees one person."""

    person: str
    target: str
    at_work: bool
    """Whether these are their working hours."""
    presence: Presence
    told: str = ""
    """What the presence was seen by."""
    away: bool = False
    away_by: str = ""
    calls: int = 0
    """Calls of this line that they have, or that ring at their phone."""


class Waits(Fact):
    """A caller who waits for a person."""

    call_id: str
    rank: int
    """Whoever has less goes first."""
    since: float
    """When they asked for a person, seconds since 1970; whoever asked earlier goes first."""
    targets: tuple[str, ...]
    """Whom they may be brought to."""
    trying: bool = False
    """Whether somebody is being called for them."""


class StaffState(Fact):
    """How a line sees everybody it can call. Retained for as long as the broker keeps it."""

    v: Literal[1] = SCHEMA_VERSION
    line: str
    people: tuple[PersonState, ...]
    waiting: int = 0
    """Callers who wait for somebody."""
    queue: tuple[Waits, ...] = ()
    """The same one by one, so that those of all lines wait in one queue."""


class Offer(Fact):
    """A handover as the person it concerns gets it, before their phone rings."""

    v: Literal[1] = SCHEMA_VERSION
    handover_id: str
    target: str
    """The person, as the routing names them."""
    state: Literal["announced", "calling", "ringing", "answered", "connected"]
    context: HandoverContext
