"""Callbacks closed over the bus, with a real broker and a real store."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.records.test_callbacks import requested
from voiceagent import config, events as e
from voiceagent.records.callbacks import left
from voiceagent.records.store import Store
from voiceagent.supervision.address import Address
from voiceagent.supervision.bus import Bus
from voiceagent.supervision.closing import keep
from voiceagent.supervision.journal import StoreJournal


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "calls.db")
    store.extend([requested("a1"), requested("b2", line="elsewhere")])
    return store


async def test_a_callback_is_closed_and_taken_off_the_bus_and_a_second_time_refused(
    embedded: str, store: Store, listen: Callable[..., Any]
) -> None:
    address = Address.of(config.Mqtt(), embedded)
    topic = "v/groups/billing/callbacks/a1"
    with store:
        async with contextlib.AsyncExitStack() as stack:
            closed = await stack.enter_async_context(
                listen(address, "v/calls/+/events/callback.closed")
            )
            refused = await stack.enter_async_context(listen(address, f"{topic}/close/refused"))
            state = await stack.enter_async_context(listen(address, topic))
            bus = await stack.enter_async_context(Bus(address, "v", "line-1"))
            await stack.enter_async_context(StoreJournal(store, bus, None, "line-1"))
            client = await stack.enter_async_context(address.client("desk"))
            await state.until(lambda got: len(got) == 1)
            for _ in range(20):  # until the line has subscribed
                await client.publish(f"{topic}/close", '{"by": "anna"}', qos=1)
                with contextlib.suppress(TimeoutError):
                    await closed.until(lambda got: len(got) == 1, 1.0)
                    break
            await state.until(lambda got: got[-1].payload == b"")
            await client.publish(f"{topic}/close", '{"by": "ben"}', qos=1)
            await refused.until(lambda got: len(got) > 0)
            event = e.RECORD.validate_json(closed.got[0].payload).event
        assert event == e.CallbackClosed(callback_id="a1", by="anna")
        assert "was closed by anna" in json.loads(refused.got[-1].payload)["problem"]


def test_what_is_no_request_is_told_and_other_lines_callbacks_are_left_to_them(
    store: Store,
) -> None:
    with store:
        refusal = keep(store, "line-1", "a1", b"done")
        assert refusal is not None
        assert '{"by": "anna"}' in refusal.problem
        assert keep(store, "line-1", "b2", b"{}") is None
        assert keep(store, "line-1", "unknown", b"{}") is None
        assert [closing for _, _, closing in left(store)] == [None, None]
        assert keep(store, "line-1", "a1", b"{}") is None
        assert left(store)[0][2] is not None
