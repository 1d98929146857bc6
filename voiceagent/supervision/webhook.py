"""The webhook: POSTs chosen events to one HTTP address, signed.

The records of a call go out one after the other, those of different calls beside each other, so
that what is slow for one holds up no other. Nobody waits for an address that was not well the
last time. What was not taken yet is on the disk beside the events (`Store.owed`) and goes out at
the next start, also when the process was killed.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

import httpx
import structlog

from voiceagent import tasks
from voiceagent.config import ConfigError
from voiceagent.config.webhook import Webhook as Settings
from voiceagent.events import Record, WebhookFailed
from voiceagent.records.store import Store

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 60.0
"""The wait after a failed attempt doubles from the one to the other."""
MAX_WAITING = 5000
AT_ONCE = 8
CLOSE_S = 3.0
"""How long the end waits for what is still on its way."""
_TRY_AGAIN = (408, 425, 429)

_log = structlog.get_logger()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Value of ``X-VoiceAgent-Signature``: ``sha256=`` and the hex HMAC-SHA256 of the timestamp,
    a full stop, and the body."""
    signed = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def key(settings: Settings) -> str:
    """The secret, wherever it is kept; empty for none.

    Raises:
        ConfigError: its file cannot be read, or is empty.
    """
    if settings.secret_file is None:
        return settings.secret
    try:
        secret = settings.secret_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or "is not text"
        raise ConfigError(f"webhook.secret_file: {settings.secret_file}: {problem}") from error
    if not secret:
        raise ConfigError(f"webhook.secret_file: {settings.secret_file}: is empty: write it")
    return secret


@dataclass(eq=False)
class _Delivery:
    record: Record
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: asyncio.Event = field(default_factory=asyncio.Event)
    settled: bool = False
    forgotten: bool = False
    """Whether the store has noted that it is settled."""
    attempts: int = 0

    @property
    def age_s(self) -> float:
        return (datetime.now(UTC) - self.record.at).total_seconds()


class Webhook:
    """Sends records until they are taken, refused, or too old.

    Args:
        store: holds what is not settled; its owner opens it before and closes it after.

    Raises:
        ConfigError: the file of the secret cannot be used.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self.on_failed: Callable[[Record], object] = lambda record: None
        """Given a `WebhookFailed` for each record that was given up."""
        self._settings = settings
        self._store = store
        self._secret = key(settings)
        self._client = httpx.AsyncClient(timeout=settings.timeout_s)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._lanes: dict[str, deque[_Delivery]] = {}
        """What waits, by call."""
        self._waiting: dict[str, _Delivery] = {}
        """What waits, by record, the oldest first; with what was settled a moment ago."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._settling: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()
        self._unwell = False
        self._unsent = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_S)
        await tasks.end(*self._tasks)
        await asyncio.gather(*self._settling)
        if self._unsent:
            _log.warning("webhook.unsent", records=self._unsent, mend="the next start sends them")
        await self._client.aclose()

    def missing(self, owed: Sequence[str]) -> list[str]:
        """Those of the records that the store says are owed that are not on their way.

        What was settled is known until a later list is without it: one may be older than that.
        """
        listed = set(owed)
        for record_id, delivery in list(self._waiting.items()):
            if delivery.forgotten and record_id not in listed:
                del self._waiting[record_id]
        return [record_id for record_id in owed if record_id not in self._waiting]

    def owe(self, records: Iterable[Record]) -> None:
        """Send these, but for those on their way, in order."""
        for record in records:
            if self._settings.url and record.id not in self._waiting:
                self._add(record)

    def offer(self, record: Record) -> None:
        """Send the record soon, if it is one of those that were chosen. Never blocks."""
        if self._settings.wants(record):
            self.owe([record])

    async def tried(self, record_id: str) -> None:
        """Wait until a record that was offered has been sent once.

        Returns at once where the address was not well the last time.
        """
        delivery = self._waiting.get(record_id)
        if delivery is not None and not self._unwell:
            await delivery.tried.wait()

    def _add(self, record: Record) -> None:
        if self._unsent >= MAX_WAITING:
            oldest = next(d for d in self._waiting.values() if not d.settled)
            self._drop(oldest, "too many records wait")
        self._unsent += 1
        delivery = self._waiting[record.id] = _Delivery(record)
        if record.call_id in self._lanes:
            self._lanes[record.call_id].append(delivery)
            return
        self._lanes[record.call_id] = deque([delivery])
        tasks.start(self._send_all(record.call_id), self._tasks)

    async def _send_all(self, call_id: str) -> None:
        lane = self._lanes[call_id]
        while lane:
            delivery = lane[0]
            try:
                if not await self._deliver(delivery):
                    return
            except Exception as error:
                _log.exception("webhook.broke", record=delivery.record.id)
                self._drop(delivery, type(error).__name__)
            lane.popleft()
        del self._lanes[call_id]

    async def _deliver(self, delivery: _Delivery) -> bool:
        """Send it until that is settled; False when the end comes first."""
        record, keep_s = delivery.record, self._settings.keep_h * 3600
        body = record.model_dump_json().encode()
        delay_s = FIRST_DELAY_S
        problem = "the agent was away"
        while not delivery.dropped.is_set():
            if delivery.age_s > keep_s:
                self._drop(delivery, f"{problem}, for {self._settings.keep_h:g} hours")
                break
            problem, again = await self._post(record, body)
            delivery.attempts += 1
            self._unwell = again
            delivery.tried.set()
            if not problem:
                self._settle(delivery)
                break
            if not again:
                self._drop(delivery, problem)
                break
            if not await self._pause(delivery, delay_s):
                return False
            delay_s = min(2 * delay_s, LONGEST_DELAY_S)
        return True

    async def _pause(self, delivery: _Delivery, delay_s: float) -> bool:
        """Wait before the next attempt; False when the end comes first."""
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await tasks.first_of(self._closing, delivery.dropped)
        return not self._closing.is_set()

    async def _post(self, record: Record, body: bytes) -> tuple[str, bool]:
        """Send it once; returns what was wrong, and whether that may pass."""
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-VoiceAgent-Event": record.event.type,
            "X-VoiceAgent-Delivery": record.id,
            "X-VoiceAgent-Timestamp": timestamp,
        }
        if self._secret:
            headers["X-VoiceAgent-Signature"] = signature(self._secret, timestamp, body)
        try:
            async with self._slots, asyncio.timeout(self._settings.timeout_s):
                answer = await self._client.post(self._settings.url, content=body, headers=headers)
        except (httpx.TransportError, TimeoutError) as error:
            return str(error) or type(error).__name__, True
        if answer.is_success:
            return "", False
        passing = answer.status_code >= 500 or answer.status_code in _TRY_AGAIN
        return f"HTTP {answer.status_code}", passing

    def _drop(self, delivery: _Delivery, problem: str) -> None:
        """Give it up, and tell."""
        record = delivery.record
        delivery.dropped.set()
        self._settle(delivery)
        of = record.event.type
        _log.error("webhook.refused", record=record.id, type=of, problem=problem)
        event = WebhookFailed(
            record_id=record.id, of=of, attempts=delivery.attempts, problem=problem
        )
        t_s = None if record.t_s is None else round(record.t_s + delivery.age_s, 3)
        self.on_failed(Record(line=record.line, call_id=record.call_id, t_s=t_s, event=event))

    def _settle(self, delivery: _Delivery) -> None:
        """It is sent no more, also not at the next start."""
        delivery.tried.set()
        if delivery.settled:
            return
        delivery.settled = True
        self._unsent -= 1
        tasks.start(asyncio.to_thread(self._forget, delivery), self._settling)

    def _forget(self, delivery: _Delivery) -> None:
        try:
            self._store.settle(delivery.record.id)
        except sqlite3.Error as error:
            _log.error(
                "webhook.not_noted",
                record=delivery.record.id,
                error=str(error),
                mend="it is sent again at the next start",
            )
        else:
            delivery.forgotten = True
