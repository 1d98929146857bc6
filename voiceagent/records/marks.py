"""What people say of a handover afterwards: checked against the call, then kept as an event."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from voiceagent.config.section import Section
from voiceagent.events import HandoverMarked, Mark, MarkReason, Record
from voiceagent.records.outcome import outcome
from voiceagent.records.store import Store


class MarkError(Exception):
    """The mark does not fit the call; the text says why, and what would."""


class MarkRequest(Section):
    """A mark as it is asked for."""

    mark: Mark
    """`needed`, `too-late` or `not-needed`; `should-have-been` where nobody was called."""
    reason: MarkReason | None = None
    """The real reason."""
    turn: int | None = Field(default=None, ge=1)
    """The caller's turn at which the handover would have been right."""
    by: str = ""
    """Who says so."""


def mark(store: Store, call_id: str, request: MarkRequest) -> Record:
    """Keep a mark. It is published by the line that had the call.

    Raises:
        MarkError: the call is not known, or the mark does not fit it.
        sqlite3.Error: the store cannot be written.
    """
    records = store.events(call_id)
    if not records:
        raise MarkError(
            f"call {call_id}: is not in {store.path}: "
            "`voiceagent calls --recorded` lists those that are"
        )
    made = as_record(records, request)
    store.append(made)
    return made


def as_record(records: Sequence[Record], request: MarkRequest) -> Record:
    """The mark as a record of the call.

    Raises:
        MarkError: the mark does not fit the call.
    """
    call = outcome(records)
    where = f"call {call.call_id}"
    handed_over = call.handed_over is not None
    if request.mark in ("needed", "too-late") and not handed_over:
        raise MarkError(
            f"{where}: mark: nobody was called, so it cannot be {request.mark}: "
            "write should-have-been, or not-needed where that was right"
        )
    if request.mark == "should-have-been" and handed_over:
        raise MarkError(
            f"{where}: mark: it was handed over at turn {call.handed_over}: "
            "write needed, too-late or not-needed"
        )
    if request.turn is not None:
        _check_turn(where, request.turn, request.mark, call.turns, call.handed_over)
    return Record(
        line=records[0].line,
        call_id=call.call_id,
        event=HandoverMarked(**request.model_dump()),
    )


def _check_turn(where: str, turn: int, mark: Mark, turns: int, handed_over: int | None) -> None:
    if mark in ("needed", "not-needed"):
        raise MarkError(f"{where}: turn: says nothing beside {mark}: leave it out")
    last = turns if handed_over is None else handed_over
    if turn > last:
        before = "" if handed_over is None else " before the handover"
        raise MarkError(
            f"{where}: turn: there is no turn {turn}, the caller had {last}{before}: "
            f"write 1 to {last}"
            if last
            else f"{where}: turn: the caller had no turn{before}: leave it out"
        )
