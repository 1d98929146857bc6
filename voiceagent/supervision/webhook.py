"""The webhook: POSTs every handover event to one HTTP address, signed."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from types import TracebackType
from typing import Self

import httpx
import structlog

from voiceagent import config, tasks
from voiceagent.events import Record

ATTEMPTS = 5
FIRST_DELAY_S = 0.5
"""Wait after the first failed attempt; it doubles with each further one."""
MAX_WAITING = 1000
CLOSE_S = 3.0
"""How long the end waits for what is still on its way."""

_log = structlog.get_logger()


def signature(secret: str, body: bytes) -> str:
    """Value of ``X-VoiceAgent-Signature``: ``sha256=`` and the hex HMAC-SHA256 of the body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Webhook:
    """Sends records in order, each a bounded number of times; nobody waits for it."""

    def __init__(self, settings: config.Webhook) -> None:
        self._settings = settings
        self._waiting: asyncio.Queue[Record] = asyncio.Queue(MAX_WAITING)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="webhook")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._waiting.join()
        except TimeoutError:
            _log.error("webhook.unsent", records=self._waiting.qsize())
        await tasks.end(self._task)

    def offer(self, record: Record) -> None:
        """Send the record soon, if it is about a handover or a callback. Never blocks."""
        told = record.event.type.startswith(("handover.", "callback."))
        if not self._settings.url or not told:
            return
        try:
            self._waiting.put_nowait(record)
        except asyncio.QueueFull:
            _log.error("webhook.full", record=record.id, type=record.event.type)

    async def _run(self) -> None:
        async with httpx.AsyncClient(timeout=self._settings.timeout_s) as client:
            while True:
                record = await self._waiting.get()
                try:
                    await self._deliver(client, record)
                except Exception:
                    _log.exception("webhook.failed", record=record.id)
                finally:
                    self._waiting.task_done()

    async def _deliver(self, client: httpx.AsyncClient, record: Record) -> None:
        body = record.model_dump_json().encode()
        headers = {
            "Content-Type": "application/json",
            "X-VoiceAgent-Event": record.event.type,
            "X-VoiceAgent-Delivery": record.id,
        }
        if self._settings.secret:
            headers["X-VoiceAgent-Signature"] = signature(self._settings.secret, body)
        problem = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(FIRST_DELAY_S * 2 ** (attempt - 1))
            try:
                async with asyncio.timeout(self._settings.timeout_s):
                    answer = await client.post(self._settings.url, content=body, headers=headers)
            except (httpx.TransportError, TimeoutError) as error:
                problem = str(error) or type(error).__name__
                continue
            if answer.is_success:
                return
            problem = f"HTTP {answer.status_code}"
            if answer.status_code < 500 and answer.status_code not in (408, 425, 429):
                break
        _log.error("webhook.refused", record=record.id, type=record.event.type, problem=problem)
