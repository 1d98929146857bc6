"""The journal: writes every event to the store, then to the bus and the webhook.

A conversation calls `write` and goes on. A broker that is away or a full disk does not hold up
a call: the outbox of the store keeps what was not published, also over a restart, and a
bounded queue in memory keeps what could not be stored.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from itertools import islice
from typing import ParamSpec, Self, TypeVar

import structlog

from voiceagent import tasks
from voiceagent.config import Config, Review
from voiceagent.events import CallEnded, Record
from voiceagent.records.callbacks import left
from voiceagent.records.store import Store
from voiceagent.supervision.address import Address
from voiceagent.supervision.anomalies import Anomalies
from voiceagent.supervision.bus import Bus
from voiceagent.supervision.closing import take_closings
from voiceagent.supervision.marking import take_marks
from voiceagent.supervision.webhook import Webhook

MAX_WAITING = 20_000
"""Records kept in memory while the store cannot be written."""
BATCH = 100
STORE_RETRY_S = 1.0
POLL_S = 2.0
"""How often the outbox is looked at for what other programs have put there."""
CLOSE_S = 3.0
"""How long the end waits for the bus; what it does not take is published at the next start."""

_log = structlog.get_logger()
_P = ParamSpec("_P")
_T = TypeVar("_T")


class StoreJournal:
    """An `events.Journal`: ``async with StoreJournal(store, bus, webhook, line) as journal``.

    Store, bus and webhook are opened and closed by their owner, around the journal. On
    entering, calls that an earlier process of this line left unfinished get their `CallEnded`.
    """

    def __init__(
        self,
        store: Store,
        bus: Bus,
        webhook: Webhook | None,
        line: str,
        review: Review | None = None,
    ) -> None:
        self._store = store
        self._bus = bus
        self._webhook = webhook
        self._line = line
        self._waiting: deque[Record] = deque()
        self._lost = 0
        self._written = asyncio.Event()
        self._stored = asyncio.Event()
        self._idle = asyncio.Event()
        self._awaited: dict[str, asyncio.Future[None]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._loop = asyncio.get_running_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False
        if webhook is not None:
            webhook.on_failed = self.write
        self._anomalies = Anomalies(review or Review())

    async def __aenter__(self) -> Self:
        try:
            for record in await self._in_thread(self._recover):
                self._bus.board.take(record)
        except sqlite3.Error:
            _log.exception("journal.recovery_failed", store=str(self._store.path))
        self._tasks = [
            asyncio.create_task(self._keep(), name="journal-keep"),
            asyncio.create_task(self._publish(), name="journal-publish"),
            asyncio.create_task(
                take_marks(self._bus.address, self._bus.topics, self._store, self._line),
                name="journal-marks",
            ),
            asyncio.create_task(
                take_closings(self._bus.address, self._bus.topics, self._store, self._line),
                name="journal-callbacks",
            ),
        ]
        if self._webhook is not None:
            # Before anything new is written: what is older goes first.
            await self._owe(self._webhook)
            self._tasks.append(asyncio.create_task(self._send(self._webhook), name="journal-send"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def store(self) -> Store:
        """Where the events are kept."""
        return self._store

    # -- events.Journal -----------------------------------------------------------------------

    def write(self, record: Record) -> None:
        """Store the record, then publish it. Never blocks and never raises; from any thread."""
        if self._closed or len(self._waiting) >= MAX_WAITING:
            self._lost += 1
            _log.error("journal.lost", type=record.event.type, record=record.id, lost=self._lost)
            return
        self._waiting.append(record)
        try:
            self._loop.call_soon_threadsafe(self._wake)
        except RuntimeError:
            _log.error("journal.loop_closed", type=record.event.type, record=record.id)

    async def delivered(self, record_id: str, timeout_s: float) -> bool:
        """Wait until the bus has acknowledged the record, and the webhook was sent it if it was
        well the last time; False when it was not in time."""
        future = self._awaited.setdefault(record_id, self._loop.create_future())
        try:
            async with asyncio.timeout(timeout_s):
                if not await self._insist(self._store.is_published, record_id):
                    await asyncio.shield(future)
                if self._webhook is not None:
                    await self._webhook.tried(record_id)
        except TimeoutError:
            return False
        self._awaited.pop(record_id, None)
        return True

    async def close(self) -> None:
        """Store what is written, give the bus `CLOSE_S` to take it, and end. Twice is harmless."""
        if self._closed:
            return
        self._closed = True
        await asyncio.sleep(0)  # lets the wake-up of a write in this very step come first
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("journal.unpublished", unstored=len(self._waiting))
        await tasks.end(*self._tasks)
        await asyncio.to_thread(self._thread.shutdown)

    # -- the two loops ------------------------------------------------------------------------

    def _wake(self) -> None:
        self._idle.clear()
        self._written.set()

    async def _keep(self) -> None:
        while True:
            await self._written.wait()
            self._written.clear()
            while self._waiting:
                batch = list(islice(self._waiting, BATCH))
                await self._insist(self._store_batch, batch)
                for record in batch:
                    self._waiting.popleft()
                    self._flag(record)
                    if self._webhook is not None:
                        self._webhook.offer(record)
                self._stored.set()

    def _flag(self, record: Record) -> None:
        for event in self._anomalies.take(record):
            self._waiting.append(
                Record(line=record.line, call_id=record.call_id, t_s=record.t_s, event=event)
            )

    def _store_batch(self, batch: list[Record]) -> None:
        try:
            self._store.extend(batch)
        except sqlite3.Error:
            raise
        except Exception:
            # One of them cannot be written as text; it must not take the others with it.
            for record in batch:
                try:
                    self._store.append(record)
                except sqlite3.Error:
                    raise
                except Exception as error:
                    kind = type(error).__name__
                    _log.error("journal.unwritable", record=record.id, error=kind)

    async def _publish(self) -> None:
        while True:
            self._stored.clear()
            batch = await self._insist(self._store.pending, BATCH, self._line)
            for seq, record in batch:
                await self._bus.publish(record)
                await self._insist(self._store.published, seq)
                if future := self._awaited.pop(record.id, None):
                    future.set_result(None)
            if not batch and not self._stored.is_set():
                if not self._waiting:
                    self._idle.set()
                # Other programs add to the store too: a mark comes from a command of its own.
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._stored.wait()

    # -- the store ----------------------------------------------------------------------------

    def _recover(self) -> list[Record]:
        for call_id in self._store.unfinished(self._line):
            last = self._store.events(call_id)[-1]
            reason = "the line ended before the call"
            event = CallEnded(by="error", reason=reason, duration_s=last.t_s or 0.0)
            self._store.append(Record(line=self._line, call_id=call_id, t_s=last.t_s, event=event))
        return self._store.published_of_pending_calls(self._line)

    async def _owe(self, webhook: Webhook) -> None:
        """Give the webhook what it has not sent of what the store says it should."""
        missing = webhook.missing(await self._insist(self._store.owed, self._line))
        webhook.owe(await self._insist(self._store.owed_records, missing))

    async def _send(self, webhook: Webhook) -> None:
        """Other programs add to the store too."""
        while True:
            await asyncio.sleep(POLL_S)
            await self._owe(webhook)

    async def _insist(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        complained = False
        while True:
            try:
                return await self._in_thread(call, *args, **kwargs)
            except sqlite3.Error as error:
                if not complained:
                    _log.error("journal.store_fails", store=str(self._store.path), error=str(error))
                complained = True
                await asyncio.sleep(STORE_RETRY_S)

    async def _in_thread(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await self._loop.run_in_executor(self._thread, lambda: call(*args, **kwargs))


@asynccontextmanager
async def open_journal(config: Config, broker_url: str = "") -> AsyncIterator[StoreJournal]:
    """The journal of a line with all it needs, by its settings.

    `broker_url` takes the place of ``mqtt.url``, for an embedded broker on a free port.

    Raises:
        StoreError: the store cannot be used.
        ConfigError: the broker's address or CA file is wrong.
    """
    address = Address.of(config.mqtt, broker_url)
    with Store(config.records.path, config.webhook.wants) as store:
        bus = Bus(address, config.mqtt.topic_root, config.line)
        for record, _, closing in left(store):
            if record.line == config.line and closing is None:
                bus.board.take(record)  # a broker without memory has forgotten it
        async with (
            Webhook(config.webhook, store) as webhook,
            bus,
            StoreJournal(store, bus, webhook, config.line, config.review) as journal,
        ):
            yield journal
