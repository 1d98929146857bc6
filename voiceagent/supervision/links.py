"""Links to write beside a call, which a supervisor or a program wants a caller to have.

A message on ``calls/<call_id>/link`` asks for one. It is answered by the event ``link.offered``,
or by the reason for its refusal on ``calls/<call_id>/link/refused``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated
from urllib.parse import unquote

import aiomqtt
import structlog
from pydantic import StringConstraints, ValidationError

from voiceagent.config.section import Section
from voiceagent.events import RECORD, LinkOffered
from voiceagent.supervision.address import Address
from voiceagent.supervision.asked import answering, payload_of
from voiceagent.supervision.board import Message
from voiceagent.supervision.bus import retained, subscribed
from voiceagent.supervision.mends import told
from voiceagent.supervision.states import Refusal
from voiceagent.supervision.topics import Topics

ANSWER_S = 10.0

_log = structlog.get_logger()


class LinkError(Exception):
    """The caller gets no link; the text says why, and the mend."""


class LinkRequest(Section):
    """That a caller is to get a link."""

    by: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    """Who says so."""


@asynccontextmanager
async def sending_links(
    address: Address, topics: Topics, line: str, send: Callable[[str, str], str | None]
) -> AsyncIterator[None]:
    """Have a line send the links that are asked for, until the end of the block.

    Args:
        send: given a call's id and who asks, returns what keeps the link from the caller; None
            when the call is none of this line.
    """

    async def handle(message: aiomqtt.Message) -> Message | None:
        call_id = unquote(message.topic.value.split("/")[-2])
        problem = _asked(call_id, payload_of(message), send)
        if not problem:
            return None
        _log.info("link.refused", call_id=call_id, problem=problem)
        refusal = Refusal(call_id=call_id, problem=problem).model_dump_json().encode()
        return Message(topics.link_refused(call_id), refusal, retain=False)

    async with answering(address, f"{line}-links", topics.link_requests(), handle):
        yield


def _asked(call_id: str, payload: bytes, send: Callable[[str, str], str | None]) -> str:
    try:
        return send(call_id, LinkRequest.model_validate_json(payload).by) or ""
    except ValidationError as error:
        return told(LinkRequest, error)


async def ask_for_link(address: Address, topics: Topics, call_id: str, by: str) -> LinkOffered:
    """Have the line of a call send its caller a link.

    Raises:
        LinkError: there is no such call, its line does not answer, or it refuses.
        BusError: the broker cannot be reached.
    """
    if not await retained(address, [topics.call_state(call_id)]):
        raise LinkError(f"{call_id}: no such call goes on: `voiceagent calls` lists those that do")
    offered, refused = topics.link_offered(call_id), topics.link_refused(call_id)
    async with subscribed(address, [offered, refused]) as answers:
        async with address.client("link") as client:
            wanted = LinkRequest(by=by).model_dump_json()
            await client.publish(topics.link(call_id), wanted, qos=1)
        try:
            async with asyncio.timeout(ANSWER_S):
                message = await anext(answers)
        except TimeoutError:
            raise LinkError(
                f"{call_id}: its line does not answer: a conversation in writing needs no link, "
                "else see whether the line still runs"
            ) from None
    if message.topic.value == refused:
        raise LinkError(f"{call_id}: {Refusal.model_validate_json(payload_of(message)).problem}")
    event = RECORD.validate_json(payload_of(message)).event
    assert isinstance(event, LinkOffered)
    return event
