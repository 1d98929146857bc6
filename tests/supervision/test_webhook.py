"""The webhook against a real HTTP server on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable

import pytest

from voiceagent import config
from voiceagent import events as e
from voiceagent.supervision import webhook as module
from voiceagent.supervision.webhook import ATTEMPTS, Webhook

Make = Callable[..., e.Record]


class Receiver:
    """An HTTP server that answers with the given codes in turn, the last one for ever."""

    def __init__(self) -> None:
        self.codes = [204]
        self.delay_s = 0.0
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self._arrived = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hook"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            rows = head.decode().split("\r\n")[1:]
            pairs = (row.split(":", 1) for row in rows if row)
            headers = {name.strip().lower(): value.strip() for name, value in pairs}
            body = await reader.readexactly(int(headers["content-length"]))
            self.requests.append((headers, body))
            self._arrived.set()
            await asyncio.sleep(self.delay_s)
            code = self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]
            writer.write(f"HTTP/1.1 {code} X\r\nContent-Length: 0\r\n\r\n".encode())

    async def received(self, count: int) -> None:
        async with asyncio.timeout(5.0):
            while len(self.requests) < count:
                await self._arrived.wait()
                self._arrived.clear()

    @property
    def ids(self) -> list[str]:
        return [e.RECORD.validate_json(body).id for _, body in self.requests]


@pytest.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    monkeypatch.setattr(module, "FIRST_DELAY_S", 0.01)
    receiver = Receiver()
    await receiver.open()
    return receiver


def started(make: Make, handover_id: str = "h1") -> e.Record:
    event = e.HandoverStarted(
        handover_id=handover_id, reason="angry", topic="billing", targets=("6001",)
    )
    return make(event)


async def test_a_handover_event_arrives_whole_and_signed(receiver: Receiver, make: Make) -> None:
    record = started(make)
    async with Webhook(config.Webhook(url=receiver.url, secret="key")) as webhook:
        webhook.offer(record)
    ((headers, body),) = receiver.requests
    assert e.RECORD.validate_json(body) == record
    expected = hmac.new(b"key", body, hashlib.sha256).hexdigest()
    assert headers["x-voiceagent-signature"] == f"sha256={expected}"
    assert headers["x-voiceagent-event"] == "handover.started"
    assert headers["x-voiceagent-delivery"] == record.id
    assert headers["content-type"] == "application/json"


async def test_other_events_stay_here(receiver: Receiver, make: Make) -> None:
    async with Webhook(config.Webhook(url=receiver.url)) as webhook:
        webhook.offer(make(e.CallAnswered()))
        webhook.offer(started(make))
    assert len(receiver.requests) == 1
    assert "x-voiceagent-signature" not in receiver.requests[0][0]


async def test_it_tries_again_in_order_until_the_other_side_can(
    receiver: Receiver, make: Make
) -> None:
    receiver.codes = [503, 429, 200]
    one, two = started(make, "h1"), started(make, "h2")
    async with Webhook(config.Webhook(url=receiver.url)) as webhook:
        webhook.offer(one)
        webhook.offer(two)
    assert receiver.ids == [one.id, one.id, one.id, two.id]


async def test_it_gives_up_after_a_bounded_number_of_attempts(
    receiver: Receiver, make: Make
) -> None:
    receiver.codes = [500] * ATTEMPTS + [204]
    one, two = started(make, "h1"), started(make, "h2")
    async with Webhook(config.Webhook(url=receiver.url)) as webhook:
        webhook.offer(one)
        webhook.offer(two)
    assert receiver.ids == [one.id] * ATTEMPTS + [two.id]


async def test_a_refusal_is_not_repeated(receiver: Receiver, make: Make) -> None:
    receiver.codes = [400, 204]
    async with Webhook(config.Webhook(url=receiver.url)) as webhook:
        webhook.offer(started(make))
    assert len(receiver.requests) == 1


async def test_a_slow_receiver_is_given_the_set_time_and_holds_up_nobody(
    receiver: Receiver, make: Make
) -> None:
    receiver.delay_s = 30.0
    loop = asyncio.get_running_loop()
    async with Webhook(config.Webhook(url=receiver.url, timeout_s=0.05)) as webhook:
        begun = loop.time()
        webhook.offer(started(make))
        assert loop.time() - begun < 0.05
        await receiver.received(ATTEMPTS)
    assert len(receiver.requests) == ATTEMPTS


async def test_what_does_not_fit_the_queue_is_dropped_without_an_error(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, make: Make
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    async with Webhook(config.Webhook(url=receiver.url)) as webhook:
        for n in range(4):
            webhook.offer(started(make, f"h{n}"))
    assert len(receiver.requests) == 2


async def test_without_an_address_nothing_is_sent(make: Make) -> None:
    async with Webhook(config.Webhook()) as webhook:
        webhook.offer(started(make))
        assert webhook._waiting.empty()
