"""The bus: publishes records over MQTT, and lets a supervisor subscribe to them.

Everything goes out with QoS 1, one message after the other, so the order on the bus is the
order of the store. A message may come twice after a broken connection; a record's id tells.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Self

import aiomqtt
import structlog

from voiceagent import tasks
from voiceagent.events import Record
from voiceagent.supervision.address import Address
from voiceagent.supervision.board import Board, Message
from voiceagent.supervision.states import LineState
from voiceagent.supervision.topics import Topics

QUIET_S = 0.4
"""Retained messages come at once after subscribing; this much silence means that was all."""
FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 5.0
"""The wait between attempts to connect doubles from the one to the other."""

_log = structlog.get_logger()


class BusError(Exception):
    """The broker cannot be reached; the text names it and says why."""


class _Lost(Exception):
    """The connection broke while a message was on its way."""


class Bus:
    """The publishing side of one line: ``async with Bus(address, root, line) as bus``.

    It connects in the background and again whenever the connection breaks. A broker that is
    away delays `publish`; it never fails it.
    """

    def __init__(self, address: Address, root: str, line: str) -> None:
        self.address = address
        self.topics = Topics(root)
        self.line = line
        self.board = Board(self.topics)
        self._client: aiomqtt.Client | None = None
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._stay_connected(), name="bus")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        await tasks.end(self._task)

    @property
    def connected(self) -> bool:
        """Whether the broker is reached just now."""
        return self._client is not None

    async def publish(self, record: Record) -> None:
        """Publish a record and the retained messages it changes; return when the broker has all.

        Waits for the broker for as long as it takes. Not to be called twice at a time.
        """
        event = Message(self.topics.event(record), record.model_dump_json().encode(), retain=False)
        # Retained first: who sees the event finds the state that goes with it.
        messages = [*self.board.take(record), event]
        while messages:
            client = await self._connection()
            try:
                await self._send(client, messages[0])
            except _Lost:
                continue
            messages.pop(0)

    async def _connection(self) -> aiomqtt.Client:
        async with self._changed:
            await self._changed.wait_for(lambda: self._client is not None)
            assert self._client is not None
            return self._client

    async def _send(self, client: aiomqtt.Client, message: Message) -> None:
        sending = asyncio.create_task(
            client.publish(message.topic, message.payload, qos=1, retain=message.retain)
        )
        broken = asyncio.create_task(self._wait_broken(client))
        try:
            await asyncio.wait((sending, broken), return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise _Lost
            try:
                await sending
            except aiomqtt.MqttError as error:
                # No acknowledgement although the connection stands: begin a new one.
                await self._drop(client)
                raise _Lost from error
        finally:
            await tasks.end(sending, broken)

    async def _wait_broken(self, client: aiomqtt.Client) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._client is not client)

    async def _drop(self, client: aiomqtt.Client | None) -> None:
        async with self._changed:
            if self._client is client:
                self._client = None
                self._changed.notify_all()

    # -- the connection -----------------------------------------------------------------------

    async def _stay_connected(self) -> None:
        delay = FIRST_DELAY_S
        while True:
            try:
                async with self.address.client(self.line, self._will()) as client:
                    delay = FIRST_DELAY_S
                    await self._serve(client)
            except aiomqtt.MqttError as error:
                if delay == FIRST_DELAY_S:
                    _log.warning("bus.away", broker=str(self.address), error=str(error))
            except Exception:
                _log.exception("bus.failed", broker=str(self.address))
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY_S)

    async def _serve(self, client: aiomqtt.Client) -> None:
        for message in self.board.retained():
            # A broker without memory has forgotten them, and the last will has spoken.
            await client.publish(message.topic, message.payload, qos=1, retain=True)
        async with self._changed:
            self._client = client
            self._changed.notify_all()
        _log.info("bus.connected", broker=str(self.address))
        watch = asyncio.create_task(_until_broken(client))
        dropped = asyncio.create_task(self._wait_broken(client))
        try:
            await asyncio.wait((watch, dropped), return_when=asyncio.FIRST_COMPLETED)
            if watch.done():
                await watch
        finally:
            await tasks.end(watch, dropped)
            await self._drop(client)

    def _will(self) -> aiomqtt.Will:
        lost = LineState(line=self.line, state="lost").model_dump_json().encode()
        return aiomqtt.Will(self.topics.line_state(self.line), lost, qos=1, retain=True)


async def _until_broken(client: aiomqtt.Client) -> None:
    # Nothing is subscribed to: the iteration ends with MqttError when the connection does.
    async for _ in client.messages:
        pass


@contextlib.asynccontextmanager
async def subscribed(
    address: Address, filters: Iterable[str]
) -> AsyncIterator[aiomqtt.client.MessagesIterator]:
    """The messages of some topic filters, retained ones first.

    Raises:
        BusError: the broker cannot be reached or refuses.
    """
    try:
        async with address.client("watch") as client:
            for topic_filter in filters:
                await client.subscribe(topic_filter, qos=1)
            yield client.messages
    except aiomqtt.MqttError as error:
        raise BusError(f"no broker at {address}: {error}") from error


async def retained(address: Address, filters: Iterable[str]) -> list[aiomqtt.Message]:
    """What is retained on the topics of some filters.

    Raises:
        BusError: the broker cannot be reached or refuses.
    """
    found: list[aiomqtt.Message] = []
    async with subscribed(address, filters) as messages:
        while True:
            try:
                async with asyncio.timeout(QUIET_S):
                    message = await anext(messages)
            except TimeoutError:
                return found
            if message.retain and message.payload:
                found.append(message)


async def follow(
    address: Address, filters: Iterable[str], on_lost: Callable[[str], None]
) -> AsyncIterator[aiomqtt.Message]:
    """The messages of some topic filters without end, connecting again when need be.

    `on_lost` is told when the connection breaks.

    Raises:
        BusError: the broker cannot be reached in the first place.
    """
    filters = list(filters)
    delay = 0.0
    while True:
        try:
            async with subscribed(address, filters) as messages:
                delay = FIRST_DELAY_S
                async for message in messages:
                    yield message
        except BusError as error:
            if not delay:
                raise
            if delay == FIRST_DELAY_S:
                on_lost(str(error))
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY_S)
