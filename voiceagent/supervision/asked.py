"""What programs ask of a line over the bus: each message is answered by one of our own, or none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiomqtt
import structlog

from voiceagent import tasks
from voiceagent.supervision.address import Address, Refused
from voiceagent.supervision.board import Message

RETRY_S = 5.0

_log = structlog.get_logger()


async def answer(
    address: Address,
    name: str,
    topic_filter: str,
    handle: Callable[[aiomqtt.Message], Awaitable[Message | None]],
) -> None:
    """Answer what comes, for as long as it is not cancelled.

    What is retained was asked at another time, perhaps long ago and of another process, and would
    be asked again with each connection: it is left out. One message that cannot be handled is no
    reason not to answer the next.

    Args:
        name: begins the client's id.
        handle: what is published in answer to a message.
    """
    complained = False
    while True:
        try:
            async with address.client(name) as client:
                await client.subscribe(topic_filter, qos=1)
                complained = False
                async for message in client.messages:
                    if (reply := await _reply(message, handle)) is not None:
                        await client.publish(reply.topic, reply.payload, qos=1, retain=reply.retain)
        except Refused as error:
            if not complained:
                _log.error("bus.refused", broker=str(address), error=str(error))
            complained = True
        except aiomqtt.MqttError:
            pass  # the publishing side has said that the broker is away
        await asyncio.sleep(RETRY_S)


async def _reply(
    message: aiomqtt.Message, handle: Callable[[aiomqtt.Message], Awaitable[Message | None]]
) -> Message | None:
    if message.retain:
        if message.payload:
            _log.warning("message.retained", topic=message.topic.value)
        return None
    try:
        return await handle(message)
    except Exception:
        _log.exception("message.not_handled", topic=message.topic.value)
        return None


@asynccontextmanager
async def answering(
    address: Address,
    name: str,
    topic_filter: str,
    handle: Callable[[aiomqtt.Message], Awaitable[Message | None]],
) -> AsyncIterator[None]:
    """`answer` until the end of the block."""
    task = asyncio.create_task(answer(address, name, topic_filter, handle))
    try:
        yield
    finally:
        await tasks.end(task)


def payload_of(message: aiomqtt.Message) -> bytes:
    """The message's bytes."""
    return message.payload if isinstance(message.payload, bytes) else b""
