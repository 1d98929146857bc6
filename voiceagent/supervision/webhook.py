"""The webhook: POSTs chosen events to one HTTP address, signed.

The records of a call go out one after the other, those of different calls beside each other, so
that what is slow for one holds up no other. Nobody waits for an address that was not well the
last time, and it is asked once for each record, and not again and again, until it is.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Self

import httpx
import structlog

from voiceagent import tasks
from voiceagent.config import ConfigError
from voiceagent.config.webhook import Webhook as Settings
from voiceagent.events import Record, WebhookFailed

ATTEMPTS = 5
FIRST_DELAY_S = 0.5
"""Wait after the first failed attempt; it doubles with each further one."""
MAX_WAITING = 1000
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


class Webhook:
    """Sends records, each a bounded number of times.

    Raises:
        ConfigError: the file of the secret cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.on_failed: Callable[[Record], object] = lambda record: None
        """Given a `WebhookFailed` for each record that was given up."""
        self._settings = settings
        self._secret = key(settings)
        self._client = httpx.AsyncClient(timeout=settings.timeout_s)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._lanes: dict[str, deque[Record]] = {}
        """What waits, by call."""
        self._first: dict[str, asyncio.Event] = {}
        """Set after the first attempt, by record."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._unwell = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_S)
        if unsent := sum(map(len, self._lanes.values())):
            _log.error("webhook.unsent", records=unsent)
        await tasks.end(*self._tasks)
        await self._client.aclose()

    def offer(self, record: Record) -> None:
        """Send the record soon, if it is one of those that were chosen. Never blocks."""
        if not self._settings.url or not self._chosen(record):
            return
        if sum(map(len, self._lanes.values())) >= MAX_WAITING:
            self._give_up(record, 0, "too many records wait")
            return
        self._first[record.id] = asyncio.Event()
        if record.call_id in self._lanes:
            self._lanes[record.call_id].append(record)
            return
        self._lanes[record.call_id] = deque([record])
        task = asyncio.create_task(self._send_all(record.call_id), name="webhook")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def tried(self, record_id: str) -> None:
        """Wait until a record that was offered has been sent once.

        Returns at once where the address was not well the last time.
        """
        first = self._first.get(record_id)
        if first is not None and not self._unwell:
            await first.wait()

    def _chosen(self, record: Record) -> bool:
        kind = record.event.type
        if isinstance(record.event, WebhookFailed):
            return False  # whoever did not hear the one will not hear the other
        return any(fnmatchcase(kind, pattern) for pattern in self._settings.events)

    async def _send_all(self, call_id: str) -> None:
        lane = self._lanes[call_id]
        while lane:
            try:
                await self._deliver(lane[0])
            except Exception as error:
                _log.exception("webhook.broke", record=lane[0].id)
                self._give_up(lane[0], 1, type(error).__name__)
            self._first.pop(lane.popleft().id).set()
        del self._lanes[call_id]

    async def _deliver(self, record: Record) -> None:
        body = record.model_dump_json().encode()
        attempts = 1 if self._unwell else ATTEMPTS
        for attempt in range(attempts):
            if attempt:
                await asyncio.sleep(FIRST_DELAY_S * 2 ** (attempt - 1))
            problem, again = await self._post(record, body)
            self._unwell = again
            self._first[record.id].set()
            if not problem:
                return
            if not again:
                break
        self._give_up(record, attempt + 1, problem)

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

    def _give_up(self, record: Record, attempts: int, problem: str) -> None:
        of = record.event.type
        _log.error("webhook.refused", record=record.id, type=of, problem=problem)
        event = WebhookFailed(record_id=record.id, of=of, attempts=attempts, problem=problem)
        later = (datetime.now(UTC) - record.at).total_seconds()
        t_s = None if record.t_s is None else round(record.t_s + later, 3)
        self.on_failed(Record(line=record.line, call_id=record.call_id, t_s=t_s, event=event))
