"""What callers write beside their calls, such as at a link, on its way to the line.

A message on ``calls/<call_id>/text`` is a turn of that call.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated
from urllib.parse import unquote

import aiomqtt
import structlog
from pydantic import StringConstraints, ValidationError

from voiceagent.config.section import Section
from voiceagent.supervision.address import Address
from voiceagent.supervision.asked import answering, payload_of
from voiceagent.supervision.board import Message
from voiceagent.supervision.topics import Topics

_log = structlog.get_logger()


class Beside(Section):
    """What a caller has written beside a call."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


@asynccontextmanager
async def taking_texts(
    address: Address, topics: Topics, line: str, wrote: Callable[[str, str], bool]
) -> AsyncIterator[None]:
    """Give a line what is written beside its calls, until the end of the block.

    Args:
        wrote: given a call's id and the text; False when the call is none of this line.
    """

    async def handle(message: aiomqtt.Message) -> Message | None:
        call_id = unquote(message.topic.value.split("/")[-2])
        try:
            wrote(call_id, Beside.model_validate_json(payload_of(message)).text)
        except ValidationError as error:
            _log.warning("text.unreadable", call_id=call_id, problems=error.error_count())
        return None

    async with answering(address, f"{line}-texts", topics.texts(), handle):
        yield


async def send_text(address: Address, topics: Topics, call_id: str, text: str) -> None:
    """Give the line of a call what its caller has written.

    Raises:
        aiomqtt.MqttError: the broker cannot be reached.
    """
    async with address.client("web-text") as client:
        payload = Beside(text=text).model_dump_json().encode()
        await client.publish(topics.text(call_id), payload, qos=1)
