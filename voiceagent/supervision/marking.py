"""Marks that arrive over the bus, such as from the page of the person who took the call.

A message on ``calls/<call_id>/marks`` asks for a mark. It is answered by the event
``handover.marked``, or by the reason for its refusal on ``calls/<call_id>/marks/refused``.
"""

from __future__ import annotations

import asyncio
import sqlite3
from urllib.parse import unquote

import aiomqtt
import structlog
from pydantic import ValidationError

from voiceagent.records.marks import MarkError, MarkRequest, mark
from voiceagent.records.store import Store
from voiceagent.supervision.address import Address
from voiceagent.supervision.asked import answer, payload_of
from voiceagent.supervision.board import Message
from voiceagent.supervision.mends import told
from voiceagent.supervision.states import Refusal
from voiceagent.supervision.topics import Topics

_log = structlog.get_logger()


async def take_marks(address: Address, topics: Topics, store: Store, line: str) -> None:
    """Keep the marks of this line's calls, for as long as it is not cancelled."""

    async def handle(message: aiomqtt.Message) -> Message | None:
        call_id = unquote(message.topic.value.split("/")[-2])
        problem = await asyncio.to_thread(keep, store, line, call_id, payload_of(message))
        if not problem:
            return None
        _log.info("mark.refused", call_id=call_id)
        refusal = Refusal(call_id=call_id, problem=problem).model_dump_json().encode()
        return Message(topics.mark_refused(call_id), refusal, retain=False)

    await answer(address, f"{line}-marks", topics.mark_requests(), handle)


def keep(store: Store, line: str, call_id: str, payload: bytes) -> str:
    """Keep what a message asks for; returns what is wrong with it, with the mend.

    Another line's call is left to that line.
    """
    try:
        if not any(record.line == line for record in store.events(call_id)[:1]):
            return ""
        mark(store, call_id, MarkRequest.model_validate_json(payload))
    except ValidationError as error:
        return told(MarkRequest, error)
    except MarkError as error:
        return str(error)
    except sqlite3.Error as error:
        _log.error("mark.not_kept", call_id=call_id, error=str(error))
        return f"the mark was not kept: {error}: send it again"
    return ""
