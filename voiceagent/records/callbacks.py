"""What callers have left for people who were not free: what is open, and how it is closed."""

from __future__ import annotations

from voiceagent.config.section import Section
from voiceagent.events import Callback, CallbackClosed, CallbackRequested, Record
from voiceagent.records.store import Store


class CloseRequest(Section):
    """How a callback is closed over the bus."""

    by: str = ""
    """Who says so."""


class CallbackError(Exception):
    """It cannot be closed; the text says why."""


def left(store: Store) -> list[tuple[Record, Callback, Record | None]]:
    """Everything that was left, the oldest first, with the record of its closing if there is one.

    Raises:
        sqlite3.Error: the store cannot be read.
    """
    records = store.callbacks()
    closings = {
        record.event.callback_id: record
        for record in records
        if isinstance(record.event, CallbackClosed)
    }
    return [
        (record, record.event.callback, closings.get(record.event.callback.callback_id))
        for record in records
        if isinstance(record.event, CallbackRequested)
    ]


def close(store: Store, callback_id: str, by: str) -> Callback:
    """Say that somebody has taken care of it; the line that had the call tells everybody.

    Raises:
        CallbackError: there is none with this id, or it is closed.
        sqlite3.Error: the store cannot be written.
    """
    for record, callback, closing in left(store):
        if callback.callback_id != callback_id:
            continue
        if closing is not None:
            assert isinstance(closing.event, CallbackClosed)
            who = f" by {closing.event.by}" if closing.event.by else ""
            raise CallbackError(f"{callback_id}: was closed{who} at {closing.at:%Y-%m-%d %H:%M}")
        closed = CallbackClosed(callback_id=callback_id, by=by)
        store.append(Record(line=record.line, call_id=record.call_id, event=closed))
        return callback
    raise CallbackError(f"{callback_id}: there is none with this id: see `voiceagent callbacks`")
