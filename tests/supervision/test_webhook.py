"""The webhook against a real HTTP server on loopback."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.patience import until
from voiceagent import config, events as e
from voiceagent.records.store import Store
from voiceagent.supervision import webhook as module
from voiceagent.supervision.webhook import Webhook

Make = Callable[..., e.Record]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "bus.md"


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


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "calls.db", lambda record: True) as store:
        yield store


def started(make: Make, handover_id: str = "h1", call_id: str = "call-1") -> e.Record:
    event = e.HandoverStarted(
        handover_id=handover_id, reason="angry", topic="billing", targets=("6001",)
    )
    return make(event, call_id=call_id)


def owe(webhook: Webhook, store: Store, line: str = "line-1") -> None:
    """Give it what the store says is owed."""
    webhook.owe(store.owed_records(webhook.missing(store.owed(line))))


def documented_check() -> Callable[..., bool]:
    """The function that docs/bus.md gives to those who receive."""
    (code,) = re.findall(r"```python\n(.*?genuine.*?)```", DOCS.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    return names["genuine"]


async def test_an_event_arrives_whole_and_signed_as_documented(
    receiver: Receiver, make: Make, store: Store, tmp_path: Path
) -> None:
    record = started(make)
    secret = tmp_path / "secret"
    secret.write_text("key\n")
    async with Webhook(config.Webhook(url=receiver.url, secret_file=secret), store) as webhook:
        webhook.offer(record)
    ((headers, body),) = receiver.requests
    assert e.RECORD.validate_json(body) == record
    assert headers["x-voiceagent-event"] == "handover.started"
    assert headers["x-voiceagent-delivery"] == record.id
    assert headers["content-type"] == "application/json"
    stamp, signed = headers["x-voiceagent-timestamp"], headers["x-voiceagent-signature"]
    assert abs(time.time() - int(stamp)) < 60
    genuine = documented_check()
    assert genuine("key", stamp, body, signed)
    assert not genuine("another", stamp, body, signed)
    assert not genuine("key", stamp, body + b" ", signed)
    assert not genuine("key", str(int(stamp) - 1), body, signed)
    old = str(int(stamp) - 3600)
    assert not genuine("key", old, body, module.signature("key", old, body))


async def test_other_events_stay_here(receiver: Receiver, make: Make, store: Store) -> None:
    async with Webhook(config.Webhook(url=receiver.url), store) as webhook:
        webhook.offer(make(e.CallAnswered()))
        webhook.offer(started(make))
    assert len(receiver.requests) == 1
    assert "x-voiceagent-signature" not in receiver.requests[0][0]


async def test_it_tries_again_in_order_until_the_other_side_can(
    receiver: Receiver, make: Make, store: Store
) -> None:
    receiver.codes = [503, 429, 200]
    one, two = started(make, "h1"), started(make, "h2")
    async with Webhook(config.Webhook(url=receiver.url), store) as webhook:
        webhook.offer(one)
        webhook.offer(two)
        await receiver.received(4)
    assert receiver.ids == [one.id, one.id, one.id, two.id]


async def test_which_events_are_sent_is_a_setting(
    receiver: Receiver, make: Make, store: Store
) -> None:
    async with Webhook(config.Webhook(url=receiver.url, events=("call.*",)), store) as webhook:
        webhook.offer(make(e.CallAnswered()))
        webhook.offer(started(make))
    (headers, _) = receiver.requests[0]
    assert [headers["x-voiceagent-event"]] == ["call.answered"]


async def test_what_is_too_old_is_given_up_and_the_record_says_so(
    receiver: Receiver, make: Make, store: Store
) -> None:
    receiver.codes = [500]
    old = started(make, "h1")
    old = old.model_copy(update={"at": old.at - timedelta(hours=1) + timedelta(seconds=0.3)})
    failed: list[e.Record] = []
    async with Webhook(config.Webhook(url=receiver.url, keep_h=1), store) as webhook:
        webhook.on_failed = failed.append
        webhook.offer(old)
        await until(lambda: bool(failed))
        receiver.codes = [204]
        new = started(make, "h2")
        webhook.offer(new)
    assert set(receiver.ids[:-1]) == {old.id}
    assert receiver.ids[-1] == new.id
    (told,) = failed
    assert told.call_id == old.call_id
    assert told.event == e.WebhookFailed(
        record_id=old.id,
        of="handover.started",
        attempts=len(receiver.ids) - 1,
        problem="HTTP 500, for 1 hours",
    )


async def test_an_address_that_is_not_well_is_asked_less_and_less_often(
    receiver: Receiver, make: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def pause(_webhook: Webhook, _delivery: object, delay_s: float) -> bool:
        waits.append(delay_s)
        return len(waits) < 12

    monkeypatch.setattr(module, "FIRST_DELAY_S", 0.5)
    monkeypatch.setattr(Webhook, "_pause", pause)
    receiver.codes = [503]
    async with Webhook(config.Webhook(url=receiver.url), store) as webhook:
        webhook.offer(started(make))
        await until(lambda: len(waits) == 12)
    assert waits[:5] == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert waits[-2:] == [60.0, 60.0]


async def test_what_was_not_taken_is_sent_in_order_by_the_next_and_what_was_taken_is_not(
    receiver: Receiver, make: Make, store: Store
) -> None:
    receiver.codes = [204, 503]
    records = [started(make, f"h{n}") for n in range(4)]
    store.extend(records)
    async with Webhook(config.Webhook(url=receiver.url), store) as webhook:
        owe(webhook, store)
        owe(webhook, store)  # twice is no more than once
        await receiver.received(2)
    one, *others = (record.id for record in records)
    assert set(receiver.ids[1:]) == {others[0]}
    assert receiver.ids[0] == one
    receiver.codes, receiver.requests = [204], []
    async with Webhook(config.Webhook(url=receiver.url), store) as webhook:
        owe(webhook, store, "another line")
        owe(webhook, store)
    assert receiver.ids == others
    assert store.owed("line-1") == []


async def test_what_was_settled_while_the_store_was_being_read_is_not_sent_again(
    receiver: Receiver, make: Make, store: Store
) -> None:
    records = [started(make, f"h{n}") for n in range(2)]
    store.extend(records)
    read_before = store.owed("line-1")
    async with Webhook(config.Webhook(url=receiver.url), store) as webhook:
        owe(webhook, store)
        await until(lambda: store.owed("line-1") == [])
        webhook.owe(store.owed_records(webhook.missing(read_before)))
        assert webhook.missing(read_before) == []
        owe(webhook, store)
    assert receiver.ids == read_before


async def test_what_is_slow_for_one_call_holds_up_no_other(
    receiver: Receiver, make: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_DELAY_S", 1.0)
    receiver.codes = [503, 204]
    slow, after = started(make, "h1"), started(make, "h2")
    other = started(make, "h3", call_id="call-2")
    async with Webhook(config.Webhook(url=receiver.url), store) as webhook:
        webhook.offer(slow)
        webhook.offer(after)
        await receiver.received(1)
        webhook.offer(other)
        await receiver.received(4)
    assert receiver.ids == [slow.id, other.id, slow.id, after.id]


async def test_one_can_wait_for_the_first_attempt_but_not_at_an_address_that_is_not_well(
    receiver: Receiver, make: Make, store: Store
) -> None:
    receiver.codes = [204, 503]
    async with Webhook(config.Webhook(url=receiver.url), store) as webhook:
        one, two, three = (started(make, f"h{n}") for n in range(3))
        webhook.offer(one)
        await webhook.tried(one.id)
        assert receiver.ids == [one.id]
        webhook.offer(two)
        async with asyncio.timeout(5.0):
            await webhook.tried(two.id)
        receiver.delay_s = 30.0
        webhook.offer(three)
        async with asyncio.timeout(0.5):
            await webhook.tried(three.id)
            await webhook.tried("never offered")


async def test_a_refusal_is_not_repeated(receiver: Receiver, make: Make, store: Store) -> None:
    receiver.codes = [400, 204]
    async with Webhook(config.Webhook(url=receiver.url), store) as webhook:
        webhook.offer(started(make))
    assert len(receiver.requests) == 1


async def test_a_slow_receiver_is_given_the_set_time_and_holds_up_nobody(
    receiver: Receiver, make: Make, store: Store
) -> None:
    receiver.delay_s = 30.0
    loop = asyncio.get_running_loop()
    async with Webhook(config.Webhook(url=receiver.url, timeout_s=0.05), store) as webhook:
        begun = loop.time()
        webhook.offer(started(make))
        assert loop.time() - begun < 0.05
        await receiver.received(3)


async def test_of_what_is_too_much_to_wait_the_oldest_is_given_up(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, make: Make, store: Store
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    monkeypatch.setattr(module, "FIRST_DELAY_S", 30.0)
    receiver.codes = [503, 204]
    records = [started(make, f"h{n}") for n in range(4)]
    store.extend(records)
    failed: list[e.Record] = []
    async with Webhook(config.Webhook(url=receiver.url), store) as webhook:
        webhook.on_failed = failed.append
        for record in records:
            webhook.offer(record)
            if record is records[0]:
                await receiver.received(1)  # and is tried again in half a minute
        await receiver.received(3)
    ids = [record.id for record in records]
    assert receiver.ids == [ids[0], *ids[2:]]
    assert [getattr(record.event, "record_id", "") for record in failed] == ids[:2]
    assert store.owed("line-1") == []


async def test_without_an_address_nothing_is_sent(make: Make, store: Store) -> None:
    async with Webhook(config.Webhook(), store) as webhook:
        record = started(make)
        webhook.offer(record)
        async with asyncio.timeout(0.5):
            await webhook.tried(record.id)


def test_an_empty_file_holds_no_secret(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    with pytest.raises(config.ConfigError, match="No such file"):
        module.key(config.Webhook(secret_file=secret))
    secret.write_text(" \n")
    with pytest.raises(config.ConfigError, match="is empty: write it"):
        module.key(config.Webhook(secret_file=secret))
