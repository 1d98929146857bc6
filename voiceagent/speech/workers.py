"""The threads of the speech service, and the refusal of what they cannot take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog

from voiceagent.events import Utterance
from voiceagent.speech.recognizer import OnText, Recognition, nobody
from voiceagent.speech.relief import Relief

log = structlog.get_logger()

T = TypeVar("T")

_QUEUE_PER_WORKER = 16


class Refusal(Exception):
    """A request that cannot be met, with a code for machines and a text for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Workers:
    """The service's threads: some for recognition, one for voices, one for short work."""

    def __init__(self, recognition: int) -> None:
        self._recognition = ThreadPoolExecutor(recognition, "recognition")
        self._synthesis = ThreadPoolExecutor(1, "synthesis")
        self._short = ThreadPoolExecutor(1, "short")
        self._most = recognition * _QUEUE_PER_WORKER
        self._waiting = 0
        self._relief = Relief(recognition)

    async def recognize(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run recognition on its pool.

        Raises:
            Refusal: the queue is full.
        """
        if self._waiting >= self._most:
            raise Refusal("busy", f"{self._waiting} utterances are waiting to be recognised")
        self._waiting += 1
        try:
            return await _in(self._recognition, work, *arguments)
        finally:
            self._waiting -= 1

    async def synthesize(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run synthesis on its thread."""
        return await _in(self._synthesis, work, *arguments)

    async def short(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run what takes some tens of milliseconds."""
        return await _in(self._short, work, *arguments)

    async def finish(
        self, recognition: Recognition, small: bool, on_text: OnText = nobody
    ) -> Utterance:
        """End a recognition on the pool, and learn how long that takes.

        Args:
            small: whether it is that of the small engine.
            on_text: see `Recognition.finish`; called from the pool's thread.

        Raises:
            Refusal: the queue is full.
            RecognitionError: the engine failed.
        """

        def work() -> tuple[Utterance, float]:
            began = time.monotonic()
            return recognition.finish(on_text), time.monotonic() - began

        utterance, seconds = await self.recognize(work)
        self._relief.took(seconds, small)
        return utterance

    def relief_needed(self) -> bool:
        """Whether so much is waiting that the small engine should take the next utterance."""
        before = self._relief.needed
        needed = self._relief.decide(time.monotonic(), self._waiting)
        if needed != before:
            log.info("speech.relief", needed=needed, unfinished=self._waiting)
        return needed

    def close(self) -> None:
        """Drop what waits; what runs is not waited for."""
        for pool in (self._recognition, self._synthesis, self._short):
            pool.shutdown(wait=False, cancel_futures=True)


async def _in(pool: ThreadPoolExecutor, work: Callable[..., T], *arguments: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(pool, work, *arguments)
