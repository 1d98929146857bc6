"""Marks over the bus, with a real broker and a real store."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from voiceagent import config, events as e
from voiceagent.children import Child
from voiceagent.records.store import Store
from voiceagent.supervision.address import Address
from voiceagent.supervision.bus import Bus
from voiceagent.supervision.journal import StoreJournal
from voiceagent.supervision.marking import keep


@pytest.fixture
async def address() -> AsyncIterator[Address]:
    arguments = ["--address", "127.0.0.1:0"]
    async with Child("broker", "voiceagent.supervision.broker", arguments) as broker:
        yield Address.of(config.Mqtt(), broker.ready["url"])


@pytest.fixture
def store(tmp_path: Path, handed_over_call: list[e.Record]) -> Store:
    store = Store(tmp_path / "calls.db")
    store.extend(handed_over_call)
    return store


async def test_a_mark_becomes_an_event_and_a_wrong_one_is_refused(
    address: Address, store: Store, listen: Callable[..., Any]
) -> None:
    line, call_id = store.events("call-1")[0].line, "call-1"
    with store:
        async with contextlib.AsyncExitStack() as stack:
            listener = await stack.enter_async_context(
                listen(address, "v/calls/+/events/handover.marked", "v/calls/+/marks/refused")
            )
            bus = await stack.enter_async_context(Bus(address, "v", line))
            await stack.enter_async_context(StoreJournal(store, bus, None, line))
            client = await stack.enter_async_context(address.client("desk"))

            async def ask(payload: str) -> str:
                async with asyncio.timeout(20):
                    before = len(listener.got)
                    while len(listener.got) == before:  # until the line has subscribed
                        await client.publish(f"v/calls/{call_id}/marks", payload, qos=1)
                        with contextlib.suppress(TimeoutError):
                            await listener.until(lambda got: len(got) > before, 1.0)
                    return bytes(listener.got[-1].payload).decode()

            assert (
                "write 1 to" in json.loads(await ask('{"mark": "too-late", "turn": 9}'))["problem"]
            )
            marked = e.RECORD.validate_json(await ask('{"mark": "needed", "by": "anna"}'))
    assert isinstance(marked.event, e.HandoverMarked)
    assert (marked.event.mark, marked.event.by) == ("needed", "anna")


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (b"needed", "not a JSON object"),
        (b"{}", "mark: is missing"),
        (b'{"mark": "good"}', "mark: input should be"),
        (b'{"mark": "needed", "who": "anna"}', "who: there is no such field"),
        (b'{"mark": "should-have-been"}', "write needed"),
    ],
)
def test_what_is_wrong_is_said_field_by_field(store: Store, payload: bytes, says: str) -> None:
    with store:
        line = store.events("call-1")[0].line
        assert says in keep(store, line, "call-1", payload)


def test_the_call_of_another_line_is_left_to_it(store: Store) -> None:
    with store:
        assert keep(store, "elsewhere", "call-1", b"nonsense") == ""
