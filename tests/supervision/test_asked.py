"""What is asked over the bus is answered one by one, whatever strangers send between."""

from __future__ import annotations

import asyncio

import aiomqtt
import pytest
from structlog.testing import capture_logs

from tests.patience import until
from voiceagent import config
from voiceagent.supervision import asked as module
from voiceagent.supervision.address import Address
from voiceagent.supervision.asked import answering, payload_of
from voiceagent.supervision.board import Message
from voiceagent.supervision.bus import BusError, retained

REFUSES = b"\x20\x02\x00\x00", b"\x90\x03%b\x80"
"""CONNACK, which lets in, and SUBACK of a packet, which refuses (MQTT 3.1.1, 3.2 and 3.9)."""


@pytest.fixture
async def address(embedded: str) -> Address:
    return Address.of(config.Mqtt(), embedded)


async def test_one_message_that_breaks_the_handler_does_not_end_the_answers(
    address: Address,
) -> None:
    got: list[bytes] = []

    async def handle(message: aiomqtt.Message) -> Message | None:
        got.append(payload_of(message))
        if got[-1] == b"bad":
            raise RuntimeError("bad")
        return None

    with capture_logs() as lines:
        async with answering(address, "test", "a/+", handle), address.client("other") as client:

            async def ask(payload: bytes) -> None:
                while payload not in got:
                    await client.publish("a/b", payload, qos=1)
                    await asyncio.sleep(0.05)

            async with asyncio.timeout(60):
                await ask(b"bad")
                await ask(b"good")
    assert any(line["event"] == "message.not_handled" for line in lines)


async def test_what_is_retained_on_a_topic_of_requests_is_asked_by_nobody(address: Address) -> None:
    got: list[bytes] = []

    async def handle(message: aiomqtt.Message) -> Message | None:
        got.append(payload_of(message))
        return None

    async with address.client("other") as client:
        await client.publish("a/old", b"old", qos=1, retain=True)
        with capture_logs() as lines:
            async with answering(address, "test", "a/+", handle):
                await until(lambda: any(line["event"] == "message.retained" for line in lines))
                await client.publish("a/new", b"new", qos=1)
                await until(lambda: bool(got))
    assert got == [b"new"]


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A broker that lets everybody in and gives nobody anything."""
    while start := await reader.read(1):
        packet = await reader.readexactly((await reader.readexactly(1))[0])
        if start[0] >> 4 == 1:
            writer.write(REFUSES[0])
        elif start[0] >> 4 == 8:
            writer.write(REFUSES[1] % packet[:2])
    writer.close()


async def test_a_broker_that_refuses_a_topic_is_named_once_with_the_mend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    tries: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.append(writer)
        await refuse(reader, writer)

    async def handle(message: aiomqtt.Message) -> Message | None:
        return None

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
        with capture_logs() as lines:
            async with answering(address, "test", "calls/+/text", handle):
                await until(lambda: len(tries) > 2)
        with pytest.raises(BusError, match=r"a/\+ may not be read here: allow it"):
            await retained(address, ["a/+"])
    told = [line["error"] for line in lines if line["event"] == "bus.refused"]
    assert told == ["calls/+/text may not be read here: allow it to the user of mqtt.url"]
