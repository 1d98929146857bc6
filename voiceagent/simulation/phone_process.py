"""Phones, and whatever else a scene needs, as processes that are told what to do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from voiceagent.config import Sip

Event = dict[str, Any]

_LEAVE_S = 10.0


class PhoneFailed(Exception):
    """A phone did not do, or did not see, what the scene expects of it."""


class ScriptedProcess:
    """A Python module run as a process that is told things and tells things, a line each.

    A context manager: started on entry, ended on exit. `ready` is its first event.
    """

    def __init__(self, name: str, module: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.events: list[Event] = []
        self._command = (sys.executable, "-m", module, json.dumps(options))
        self._news = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._killed = False

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        self._reader = asyncio.create_task(self._read())
        await self.expect("ready", timeout_s=20)
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
            async with asyncio.timeout(_LEAVE_S):
                code = await self._process.wait()
        except TimeoutError:
            self._process.kill()
            code = await self._process.wait()
        await self._reader
        if code != 0 and error is None and not self._killed:
            raise PhoneFailed(f"{self.name}: it did not end by itself but with {code}")

    @property
    def resident_mb(self) -> float:
        """Memory that the process has now."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def kill(self) -> None:
        """End it as a crash would, without a word."""
        assert self._process is not None
        self._killed = True
        self._process.kill()

    async def do(self, command: str, **details: Any) -> None:
        """Give a command."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": command, **details}).encode() + b"\n")
        await self._process.stdin.drain()

    async def expect(
        self, event: str, *, timeout_s: float = 20, after: int = 0, **details: Any
    ) -> Event:
        """Wait for an event with these details, the first at or after index `after`.

        Raises:
            PhoneFailed: it did not come in time; the text lists what came instead.
        """

        wanted = {"event": event, **details}.items()
        what = f"{event} {details or ''}"
        at = await self.seen(lambda e: wanted <= e.items(), what, timeout_s=timeout_s, after=after)
        return self.events[at]

    async def seen(
        self, wanted: Callable[[Event], bool], what: str, *, timeout_s: float, after: int = 0
    ) -> int:
        """Wait for an event that is wanted; its index, the first at or after index `after`.

        Raises:
            PhoneFailed: it did not come in time; the text lists what came instead.
        """

        def find() -> int | None:
            there = range(after, len(self.events))
            return next((at for at in there if wanted(self.events[at])), None)

        try:
            async with asyncio.timeout(timeout_s), self._news:
                await self._news.wait_for(lambda: find() is not None)
        except TimeoutError:
            seen = ", ".join(item["event"] for item in self.events[after:]) or "nothing"
            raise PhoneFailed(f"{self.name}: no {what} within {timeout_s} s; saw {seen}") from None
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


@asynccontextmanager
async def together(*processes: ScriptedProcess) -> AsyncIterator[None]:
    """Start several processes at once, and end them at once."""
    async with AsyncExitStack() as stack:
        started = asyncio.gather(*(process.__aenter__() for process in processes))

        async def end() -> None:
            await asyncio.gather(*(p.__aexit__(None, None, None) for p in processes))

        stack.push_async_callback(end)
        await started
        yield


class PhoneProcess(ScriptedProcess):
    """A `phone` in a process of its own.

    Args:
        name: what errors call it.
        sip: its settings; port 0 takes a free one.
        answer: "auto" answers at once, "ring" only rings, a number such as "486" refuses.
        follow_refer: whether it does what a REFER asks for, or declines it.
        quiet_s: silence after which the far side counts as quiet.
        record: two-channel WAV to write: left what it sent, right what it received.
    """

    def __init__(
        self,
        name: str,
        sip: Sip,
        *,
        answer: str = "auto",
        follow_refer: bool = True,
        quiet_s: float = 0.6,
        record: Path | None = None,
    ) -> None:
        self.sip = sip
        options = {
            "sip": sip.model_dump(mode="json"),
            "answer": answer,
            "follow_refer": follow_refer,
            "quiet_s": quiet_s,
            "record": str(record) if record else None,
        }
        super().__init__(name, "voiceagent.simulation.phone", options)

    @property
    def uri(self) -> str:
        """Where it can be called, once it is ready."""
        return f"sip:{self.sip.user}@{self.sip.address}:{self.events[0]['port']}"
