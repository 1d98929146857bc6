"""What programs ask of a line over the bus: each message is answered by one of our own, or none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiomqtt

from voiceagent import tasks
from voiceagent.supervision.address import Address
from voiceagent.supervision.board import Message

RETRY_S = 5.0


async def answer(
    address: Address,
    name: str,
    topic_filter: str,
    handle: Callable[[aiomqtt.Message], Awaitable[Message | None]],
) -> None:
    """Answer what comes, for as long as it is not cancelled.

    Args:
        name: begins the client's id.
        handle: what is published in answer to a message.
    """
    while True:
        try:
            async with address.client(name) as client:
                await client.subscribe(topic_filter, qos=1)
                async for message in client.messages:
                    if (reply := await handle(message)) is not None:
                        await client.publish(reply.topic, reply.payload, qos=1, retain=reply.retain)
        except aiomqtt.MqttError:
            # The publishing side has said that the broker is away.
            await asyncio.sleep(RETRY_S)


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
