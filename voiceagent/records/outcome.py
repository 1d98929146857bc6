"""What became of a call: whether it was handed over, when, and what people said of that."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from voiceagent.events import (
    CallArrived,
    CallEnded,
    CallRefused,
    HandoverBridged,
    HandoverCompleted,
    HandoverMarked,
    HandoverStarted,
    Record,
    TurnHeard,
    TurnMissed,
)


class Outcome(BaseModel):
    """One call in short."""

    model_config = ConfigDict(frozen=True)

    call_id: str
    started_at: datetime
    caller: str = ""
    ended: bool = False
    turns: int = 0
    """The caller's turns."""
    handed_over: int | None = None
    """The turn after which the first handover began, 0 before any turn; None without one."""
    reason: str = ""
    """Why it was handed over, in the agent's words."""
    person: str = ""
    """Who took the call."""
    mark: HandoverMarked | None = None
    """The last mark."""


def outcome(records: Iterable[Record]) -> Outcome:
    """The outcome of one call from its records.

    Raises:
        ValueError: there are no records.
    """
    records = list(records)
    if not records:
        raise ValueError("a call without records has no outcome")
    found = Outcome(call_id=records[0].call_id, started_at=records[0].at)
    for record in records:
        found = found.model_copy(update=_change(found, record))
    return found


def _change(so_far: Outcome, record: Record) -> dict[str, object]:
    match record.event:
        case CallArrived(facts=facts):
            return {"caller": facts.caller_number or facts.caller_uri, "started_at": record.at}
        case TurnHeard(turn=turn) | TurnMissed(turn=turn):
            return {"turns": max(turn, so_far.turns)}
        case HandoverStarted(reason=reason) if so_far.handed_over is None:
            return {"handed_over": so_far.turns, "reason": reason}
        case HandoverCompleted(target=target) | HandoverBridged(target=target):
            return {"person": target}
        case HandoverMarked() as mark:
            return {"mark": mark}
        case CallEnded() | CallRefused():
            return {"ended": True}
        case _:
            return {}
