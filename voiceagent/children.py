"""Child processes of one machine: started, waited for, started again when they die."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, Self

import structlog

from voiceagent import tasks

log = structlog.get_logger()

_STOP_S = 5.0
_RESTART_S = (0.2, 1.0, 5.0, 15.0)
"""Pauses before the first, second … start in a row; the last one from then on."""
_STEADY_S = 30.0
"""A child that lived this long starts over at the shortest pause."""


_PR_SET_PDEATHSIG = 1


class ChildError(Exception):
    """A child process did not start; the text says which and why."""


class Child:
    """``async with Child("speech", "voiceagent.speech.service", [...]) as child``.

    The child says that it is ready by one line of JSON on its standard output, which
    is `ready`. It has to end by itself when its parent dies (`end_with_parent`). Start it from the
    main thread: Linux counts the thread that started it as the parent.

    Args:
        name: what errors and logs call it.
        module: Python module to run.
        arguments: its command line.
        start_s: how long it may take to become ready.
        on_change: called with False when it has died, with True when it is back.
    """

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        *,
        start_s: float = 30.0,
        on_change: Callable[[bool], None] = lambda alive: None,
    ) -> None:
        self.name = name
        self.ready: dict[str, Any] = {}
        self._command = (sys.executable, "-m", module, *arguments)
        self._start_s = start_s
        self._on_change = on_change
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id, or None while it is not running."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def __aenter__(self) -> Self:
        await self._start()
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._keeper is not None
        await tasks.end(self._keeper)
        await self._stop()

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            # Ctrl-C in a terminal is for the parent, which still needs its children to drain.
            start_new_session=True,
        )
        try:
            self.ready = await self._ready_line(self._process)
        except BaseException:
            # Whoever gave up waiting must not leave it behind.
            await self._stop()
            raise

    async def _ready_line(self, process: asyncio.subprocess.Process) -> dict[str, Any]:
        assert process.stdout is not None
        try:
            async with asyncio.timeout(self._start_s):
                line = await process.stdout.readline()
        except TimeoutError:
            raise ChildError(
                f"{self.name}: was not ready within {self._start_s:g} s, its messages say why"
            ) from None
        if not line:
            raise ChildError(f"{self.name}: ended while starting, its messages say why")
        try:
            ready: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise ChildError(f"{self.name}: its first line is not JSON: {line[:80]!r}") from error
        return ready

    async def _stop(self) -> None:
        """SIGTERM, and SIGKILL when that does not end it."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        tries = 0
        while True:
            assert self._process is not None
            born = loop.time()
            code = await self._process.wait()
            self._on_change(False)
            if loop.time() - born > _STEADY_S:
                tries = 0
            while True:
                pause = _RESTART_S[min(tries, len(_RESTART_S) - 1)]
                log.error("child.died", child=self.name, code=code, restart_in_s=pause)
                await asyncio.sleep(pause)
                tries += 1
                try:
                    await self._start()
                except ChildError as error:
                    log.error("child.failed", child=self.name, error=str(error))
                    continue
                break
            self._on_change(True)


def end_with_parent() -> None:
    """Have this process get SIGTERM when the one that started it dies (Linux)."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the process that started this one is gone")
