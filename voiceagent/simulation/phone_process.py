"""The handle of a `phone` that runs in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from voiceagent.config import Sip

Event = dict[str, Any]


class PhoneFailed(Exception):
    """A phone did not do, or did not see, what the scene expects of it."""


class PhoneProcess:
    """A phone as a context manager: started on entry, ended on exit.

    Args:
        name: what errors call it.
        sip: its settings; port 0 takes a free one, told by `port` afterwards.
        answer: "auto" answers at once, "ring" only rings, a number such as "486" refuses.
        record: two-channel WAV to write: left what it sent, right what it received.
    """

    def __init__(
        self, name: str, sip: Sip, *, answer: str = "auto", record: Path | None = None
    ) -> None:
        self.name = name
        self.sip = sip
        self.port = 0
        self.events: list[Event] = []
        self._options = {
            "sip": sip.model_dump(mode="json"),
            "answer": answer,
            "record": str(record) if record else None,
        }
        self._news = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def uri(self) -> str:
        return f"sip:{self.sip.user}@{self.sip.address}:{self.port}"

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "voiceagent.simulation.phone",
            json.dumps(self._options),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._reader = asyncio.create_task(self._read())
        self.port = (await self.expect("ready", timeout_s=20))["port"]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        assert self._reader is not None
        if self._process.returncode is None:
            with contextlib.suppress(ConnectionError):
                await self.do("quit")
        try:
            await asyncio.wait_for(self._process.wait(), 10)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reader

    async def do(self, command: str, **details: Any) -> None:
        """Give a command of `phone`."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": command, **details}).encode() + b"\n")
        await self._process.stdin.drain()

    async def expect(
        self, event: str, *, timeout_s: float = 10, after: int = 0, **details: Any
    ) -> Event:
        """Wait for an event with these details, the first at or after index `after`.

        Raises:
            PhoneFailed: it did not come in time; the text lists what came instead.
        """

        def find() -> Event | None:
            return next(
                (
                    seen
                    for seen in self.events[after:]
                    if seen["event"] == event
                    and all(seen.get(key) == value for key, value in details.items())
                ),
                None,
            )

        try:
            async with asyncio.timeout(timeout_s), self._news:
                await self._news.wait_for(lambda: find() is not None)
        except TimeoutError:
            seen = ", ".join(item["event"] for item in self.events[after:]) or "nothing"
            raise PhoneFailed(
                f"{self.name}: no {event} {details or ''} within {timeout_s} s; saw {seen}"
            ) from None
        found = find()
        assert found is not None
        return found

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            async with self._news:
                self.events.append(json.loads(line))
                self._news.notify_all()
