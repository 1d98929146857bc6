"""The journal over a real store and a real broker."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.patience import until
from tests.records.test_callbacks import requested
from tests.supervision.test_webhook import Receiver, started
from voiceagent import config, events as e
from voiceagent.records.callbacks import close
from voiceagent.records.marks import MarkRequest, mark
from voiceagent.records.store import Store
from voiceagent.supervision import journal as module
from voiceagent.supervision.address import Address
from voiceagent.supervision.bus import Bus
from voiceagent.supervision.journal import StoreJournal, open_journal

Make = Callable[..., e.Record]
Listen = Callable[..., Any]
Start = Callable[..., contextlib.AbstractAsyncContextManager[str]]
ROOT = "test/v1"
NOWHERE = "mqtt://127.0.0.1:9"


@contextlib.asynccontextmanager
async def journal_on(store: Store, url: str) -> AsyncIterator[StoreJournal]:
    address = Address.of(config.Mqtt(), url)
    async with (
        Bus(address, ROOT, "line-1") as bus,
        StoreJournal(store, bus, None, "line-1") as journal,
    ):
        yield journal


@pytest.fixture
def store(tmp_path: Path) -> Iterable[Store]:
    with Store(tmp_path / "calls.db") as store:
        yield store


@pytest.fixture
def short_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSE_S", 0.3)
    monkeypatch.setattr(module, "STORE_RETRY_S", 0.05)


def digits(make: Make, count: int) -> list[e.Record]:
    return [make(e.DtmfReceived(digit=str(n % 10)), t_s=float(n)) for n in range(count)]


async def test_what_is_written_is_stored_and_published_in_order(
    store: Store, embedded: str, make: Make, listen: Listen
) -> None:
    records = digits(make, 50)
    address = Address.of(config.Mqtt(), embedded)
    async with listen(address, f"{ROOT}/#") as everything, journal_on(store, embedded) as journal:
        for record in records:
            journal.write(record)
        assert await journal.delivered(records[-1].id, 5.0)
        await everything.until(lambda got: len(got) == 50)
    assert [e.RECORD.validate_json(m.payload) for m in everything.got] == records
    assert store.events("call-1") == records
    assert store.pending(1) == []


@pytest.mark.usefixtures("short_end")
async def test_writing_does_not_wait_for_store_or_broker(store: Store, make: Make) -> None:
    records = digits(make, 1000)
    async with journal_on(store, NOWHERE) as journal:
        begun = time.perf_counter()
        for record in records:
            journal.write(record)
        each = (time.perf_counter() - begun) / len(records)
    assert each < 0.001
    assert len(store.events("call-1")) == 1000


@pytest.mark.usefixtures("short_end")
async def test_what_a_missing_broker_did_not_get_is_published_in_order_once_it_is_back(
    store: Store, make: Make, listen: Listen, start_broker: Start, nobody: Address
) -> None:
    records = digits(make, 30)
    place = f"{nobody.host}:{nobody.port}"
    async with journal_on(store, str(nobody)) as journal:
        async with start_broker(place):
            journal.write(records[0])
            assert await journal.delivered(records[0].id, 5.0)
        for record in records[1:]:
            journal.write(record)
        assert not await journal.delivered(records[-1].id, 0.2)
        assert len(store.pending(100)) == 29
        async with start_broker(place), listen(nobody, f"{ROOT}/#") as late:
            assert await journal.delivered(records[-1].id, 10.0)
            await late.all()
    # The listener may have subscribed after the first ones; what it got has no gap.
    got = [e.RECORD.validate_json(m.payload) for m in late.got]
    assert got
    assert got == records[-len(got) :]
    assert store.pending(1) == []


@pytest.mark.usefixtures("short_end")
async def test_what_was_left_at_the_end_is_published_by_the_next_start(
    store: Store, embedded: str, handed_over_call: list[e.Record], listen: Listen
) -> None:
    async with journal_on(store, NOWHERE) as journal:
        for record in handed_over_call:
            journal.write(record)
    address = Address.of(config.Mqtt(), embedded)
    async with listen(address, f"{ROOT}/+/+/events/#") as late, journal_on(store, embedded):
        await late.until(lambda got: len(got) == len(handed_over_call))
    assert [e.RECORD.validate_json(m.payload) for m in late.got] == handed_over_call


@pytest.mark.usefixtures("short_end")
async def test_a_call_cut_off_by_a_crash_is_ended_and_withdrawn_at_the_next_start(
    store: Store, embedded: str, handed_over_call: list[e.Record], listen: Listen
) -> None:
    address = Address.of(config.Mqtt(), embedded)
    async with journal_on(store, embedded) as journal:
        for record in handed_over_call[:9]:  # 6001 is being called
            journal.write(record)
        assert await journal.delivered(handed_over_call[8].id, 5.0)
    async with listen(address, f"{ROOT}/#") as before:
        kept = {m.topic.value for m in await before.all()}
    async with journal_on(store, embedded):
        pass
    async with listen(address, f"{ROOT}/#") as after:
        assert await after.all() == []
    last = store.events("call-1")[-1]
    assert len(kept) == 2
    assert isinstance(last.event, e.CallEnded)
    assert (last.event.by, last.t_s) == ("error", 8.0)
    assert store.unfinished("line-1") == []


@pytest.mark.usefixtures("short_end")
async def test_a_store_that_cannot_be_written_for_a_while_loses_nothing(
    store: Store, embedded: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, real = [True], store.extend

    def extend(records: Iterable[e.Record]) -> list[int]:
        if full[0]:
            raise sqlite3.OperationalError("database or disk is full")
        return real(records)

    monkeypatch.setattr(store, "extend", extend)
    records = digits(make, 10)
    async with journal_on(store, embedded) as journal:
        for record in records:
            journal.write(record)
        assert not await journal.delivered(records[0].id, 0.3)
        full[0] = False
        assert await journal.delivered(records[-1].id, 5.0)
    assert store.events("call-1") == records


@pytest.mark.usefixtures("short_end")
async def test_the_memory_for_what_cannot_be_stored_is_bounded(
    store: Store, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def extend(_records: Iterable[e.Record]) -> list[int]:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(module, "MAX_WAITING", 5)
    real = store.extend
    monkeypatch.setattr(store, "extend", extend)
    records = digits(make, 8)
    async with journal_on(store, NOWHERE) as journal:
        for record in records:
            journal.write(record)
        monkeypatch.setattr(store, "extend", real)
        await asyncio.sleep(0.2)
    assert store.events("call-1") == records[:5]


async def test_a_record_that_cannot_be_written_does_not_take_others_with_it(
    store: Store, embedded: str, make: Make
) -> None:
    good = digits(make, 2)
    async with journal_on(store, embedded) as journal:
        for record in (good[0], make(e.DtmfReceived(digit="\ud800")), good[1]):
            journal.write(record)
        assert await journal.delivered(good[1].id, 5.0)
    assert store.events("call-1") == good


async def test_a_record_nobody_wrote_is_not_delivered(store: Store, embedded: str) -> None:
    async with journal_on(store, embedded) as journal:
        assert not await journal.delivered("unknown", 0.2)


async def test_delivered_says_so_also_to_those_who_ask_late_or_twice(
    store: Store, embedded: str, make: Make
) -> None:
    record = make(e.CallAnswered())
    async with journal_on(store, embedded) as journal:
        journal.write(record)
        both = await asyncio.gather(*(journal.delivered(record.id, 5.0) for _ in range(2)))
        assert both == [True, True]
        assert await journal.delivered(record.id, 0.5)


async def test_writing_after_the_end_neither_raises_nor_stores(
    store: Store, embedded: str, make: Make
) -> None:
    async with journal_on(store, embedded) as journal:
        pass
    journal.write(make(e.CallAnswered()))
    await journal.close()
    assert store.events("call-1") == []


async def test_the_end_waits_for_what_was_just_written(
    store: Store, embedded: str, make: Make
) -> None:
    async with journal_on(store, embedded) as journal:
        await asyncio.sleep(0.2)
        journal.write(make(e.CallAnswered()))
    assert len(store.events("call-1")) == 1
    assert store.pending(1) == []


async def test_a_thread_may_write_too(store: Store, embedded: str, make: Make) -> None:
    record = make(e.CallAnswered())
    async with journal_on(store, embedded) as journal:
        await asyncio.to_thread(journal.write, record)
        assert await journal.delivered(record.id, 5.0)


async def test_a_line_opens_its_journal_from_its_settings(
    tmp_path: Path, embedded: str, make: Make, listen: Listen
) -> None:
    settings = config.Config(
        dialplan=tmp_path / "shop.yaml",
        records=config.Records(path=tmp_path / "calls.db"),
        mqtt=config.Mqtt(topic_root="mine"),
    )
    record = make(e.CallAnswered())
    async with (
        listen(Address.of(config.Mqtt(), embedded), "mine/#") as all_of_it,
        open_journal(settings, embedded) as journal,
    ):
        journal.write(record)
        await all_of_it.until(lambda got: len(got) == 1)
    with Store(tmp_path / "calls.db") as store:
        assert store.events("call-1") == [record]


async def test_what_was_left_before_is_retained_again_by_a_broker_that_has_forgotten_it(
    tmp_path: Path, embedded: str, listen: Listen
) -> None:
    settings = config.Config(
        dialplan=tmp_path / "shop.yaml",
        line="line-1",
        records=config.Records(path=tmp_path / "calls.db"),
        mqtt=config.Mqtt(topic_root="mine"),
    )
    with Store(tmp_path / "calls.db") as store:
        store.extend([requested("open"), requested("done"), requested("other", line="line-2")])
        close(store, "done", "anna")
        store.published(*(seq for seq, _ in store.pending(10)))
    async with (
        listen(Address.of(config.Mqtt(), embedded), "mine/groups/#") as groups,
        open_journal(settings, embedded),
    ):
        await groups.until(lambda got: len(got) == 1)
        found = await groups.all()
    assert [str(message.topic) for message in found] == ["mine/groups/billing/callbacks/open"]


async def test_a_number_that_calls_again_and_again_is_flagged_on_the_bus(
    store: Store, embedded: str, make: Make, listen: Listen
) -> None:
    arrivals = [
        make(e.CallArrived(facts=e.CallFacts(caller_number="+49301")), call_id=f"c{n}")
        for n in range(config.Review().many_calls)
    ]
    address = Address.of(config.Mqtt(), embedded)
    flags = f"{ROOT}/calls/+/events/caller.flagged"
    async with listen(address, flags) as listener, journal_on(store, embedded) as journal:
        for record in arrivals:
            journal.write(record)
        await listener.until(lambda got: len(got) == 1)
    flag = e.RECORD.validate_json(listener.got[0].payload)
    assert isinstance(flag.event, e.CallerFlagged)
    assert (flag.event.anomaly, flag.event.caller) == ("many-calls", "+49301")
    assert store.events(arrivals[-1].call_id)[-1] == flag


async def test_the_context_is_at_the_webhook_before_it_counts_as_delivered(
    store: Store, embedded: str, make: Make, tmp_path: Path
) -> None:
    receiver = Receiver()
    receiver.delay_s = 0.2
    await receiver.open()
    settings = config.Config(
        dialplan=tmp_path / "none.yaml",
        records=config.Records(path=tmp_path / "own.db"),
        webhook=config.Webhook(url=receiver.url),
    )
    async with open_journal(settings, embedded) as journal:
        record = started(make)
        journal.write(record)
        assert await journal.delivered(record.id, 5.0)
        assert receiver.ids == [record.id]


async def test_a_dead_webhook_holds_up_nothing_and_is_sent_what_it_missed_by_the_next_start(
    embedded: str, make: Make, tmp_path: Path
) -> None:
    receiver = Receiver()
    await receiver.open()
    records = [started(make, "h1"), started(make, "h2")]

    def settings(url: str) -> config.Config:
        return config.Config(
            dialplan=tmp_path / "none.yaml",
            line="line-1",
            records=config.Records(path=tmp_path / "own.db"),
            webhook=config.Webhook(url=url),
        )

    async with open_journal(settings("http://127.0.0.1:9/hook"), embedded) as journal:
        for record in records:
            journal.write(record)
            assert await journal.delivered(record.id, 5.0)
    async with open_journal(settings(receiver.url), embedded):
        await receiver.received(2)
    assert receiver.ids == [record.id for record in records]


async def test_a_refused_record_is_in_the_record(embedded: str, make: Make, tmp_path: Path) -> None:
    receiver = Receiver()
    receiver.codes = [400]
    await receiver.open()
    settings = config.Config(
        dialplan=tmp_path / "none.yaml",
        records=config.Records(path=tmp_path / "own.db"),
        webhook=config.Webhook(url=receiver.url),
    )
    record = started(make)
    async with open_journal(settings, embedded) as journal:

        def failed() -> list[str]:
            events = [record.event for record in journal.store.events("call-1")]
            return [event.record_id for event in events if isinstance(event, e.WebhookFailed)]

        journal.write(record)
        await until(lambda: failed() == [record.id])


async def test_what_the_webhook_was_owed_when_the_process_was_killed_comes_once_and_in_order(
    embedded: str, make: Make, tmp_path: Path
) -> None:
    receiver = Receiver()
    await receiver.open()
    records = [started(make, f"h{n}") for n in range(4)]
    records[3] = started(make, "h3", call_id="call-2")
    settings = config.Config(
        dialplan=tmp_path / "none.yaml",
        line="line-1",
        records=config.Records(path=tmp_path / "own.db"),
        webhook=config.Webhook(url=receiver.url),
    )
    line = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.supervision.writer", settings.model_dump_json(), embedded,
        stdin=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert line.stdin is not None

    async def write(*some: e.Record) -> None:
        assert line.stdin is not None
        line.stdin.write(b"".join(record.model_dump_json().encode() + b"\n" for record in some))
        await line.stdin.drain()

    try:
        await write(records[0])
        with Store(tmp_path / "own.db") as store:
            await until(lambda: bool(store.events("call-1")) and not store.owed("line-1"))
            receiver.delay_s = 60.0  # the next are on their way when the process dies
            await write(*records[1:])
            await until(lambda: len(store.owed("line-1")) == 3)
            await receiver.received(3)
    finally:
        line.kill()
        await line.wait()
    assert receiver.ids == [records[0].id, records[1].id, records[3].id]
    receiver.delay_s, receiver.requests = 0.0, []
    async with open_journal(settings, embedded) as journal:
        await receiver.received(3)
        await until(lambda: not journal.store.owed("line-1"))
    assert sorted(receiver.ids) == sorted(record.id for record in records[1:])
    of_one_call = [record.id for record in records[1:3]]
    assert [item for item in receiver.ids if item in of_one_call] == of_one_call
    assert {headers["x-voiceagent-delivery"] for headers, _ in receiver.requests} == set(
        receiver.ids
    )


async def test_the_webhook_is_sent_what_other_programs_add(
    embedded: str, tmp_path: Path, handed_over_call: list[e.Record]
) -> None:
    receiver = Receiver()
    await receiver.open()
    settings = config.Config(
        dialplan=tmp_path / "none.yaml",
        line="line-1",
        records=config.Records(path=tmp_path / "own.db"),
        webhook=config.Webhook(url=receiver.url, events=("handover.marked",)),
    )
    async with open_journal(settings, embedded) as journal:
        for record in handed_over_call:
            journal.write(record)
        assert await journal.delivered(handed_over_call[-1].id, 10.0)
        with Store(settings.records.path, settings.webhook.wants) as other:
            marked = mark(other, "call-1", MarkRequest(mark="needed"))
        await receiver.received(1)
        await until(lambda: not journal.store.owed("line-1"))
    assert receiver.ids == [marked.id]
