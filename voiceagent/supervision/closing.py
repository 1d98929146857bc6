"""Callbacks that are closed over the bus, such as from the page of whoever has called back.

A message on ``groups/<group>/callbacks/<callback_id>/close`` asks for it. It is answered by the
event ``callback.closed``, or by the reason for its refusal on ``…/close/refused``.
"""

from __future__ import annotations

import asyncio
import sqlite3
from urllib.parse import unquote

import aiomqtt
import structlog
from pydantic import ValidationError

from voiceagent.records.callbacks import CallbackError, CloseRequest, close, left
from voiceagent.records.store import Store
from voiceagent.supervision.address import Address
from voiceagent.supervision.asked import answer, payload_of
from voiceagent.supervision.board import Message
from voiceagent.supervision.states import Refusal
from voiceagent.supervision.topics import Topics

_log = structlog.get_logger()


async def take_closings(address: Address, topics: Topics, store: Store, line: str) -> None:
    """Close the callbacks of this line's calls, for as long as it is not cancelled."""

    async def handle(message: aiomqtt.Message) -> Message | None:
        *_, callback_id, _ = message.topic.value.split("/")
        refusal = await asyncio.to_thread(
            keep, store, line, unquote(callback_id), payload_of(message)
        )
        if refusal is None:
            return None
        _log.info("closing.refused", callback=callback_id)
        topic = f"{message.topic.value}/refused"
        return Message(topic, refusal.model_dump_json().encode(), retain=False)

    await answer(address, f"{line}-callbacks", topics.closings(), handle)


def keep(store: Store, line: str, callback_id: str, payload: bytes) -> Refusal | None:
    """Close what a message asks for; returns what is wrong with it, with the mend.

    Another line's is left to that line.
    """
    call_id = ""
    try:
        found = [record for record, item, _ in left(store) if item.callback_id == callback_id]
        if not found or found[0].line != line:
            return None
        call_id = found[0].call_id
        close(store, callback_id, CloseRequest.model_validate_json(payload).by)
    except ValidationError:
        problem = 'the message is no JSON object with "by": write such as {"by": "anna"}'
    except CallbackError as error:
        problem = str(error)
    except sqlite3.Error as error:
        _log.error("closing.not_kept", callback=callback_id, error=str(error))
        problem = f"it was not closed: {error}: send it again"
    else:
        return None
    return Refusal(call_id=call_id, problem=problem)
