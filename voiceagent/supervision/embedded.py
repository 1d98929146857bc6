"""Starts the embedded broker as a child process and ends it."""

from __future__ import annotations

import asyncio
import json
import sys
from types import TracebackType
from typing import Self

from voiceagent.config import ConfigError


class BrokerError(Exception):
    """The embedded broker did not start; the text says why."""


class EmbeddedBroker:
    """Runs the broker as a child process: ``async with EmbeddedBroker("127.0.0.1:0") as broker``.

    Start it from the main thread: Linux ends it with the thread that started it.

    Raises:
        BrokerError: it did not start, such as when the port is taken.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.url = ""
        """``mqtt://host:port`` with the real port."""
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "voiceagent.supervision.broker",
            "--address",
            self.address,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        try:
            ready = await asyncio.wait_for(self._process.stdout.readline(), 20.0)
        except TimeoutError:
            ready = b""
        if not ready:
            await self.stop()
            raise BrokerError(f"the embedded broker did not start on {self.address}")
        self.url = json.loads(ready)["url"]
        return self

    @property
    def pid(self) -> int | None:
        """Process id, or None when it is not running."""
        if self._process is None or self._process.returncode is not None:
            return None
        return self._process.pid

    async def wait(self) -> int:
        """Wait until the process has ended and return its exit code."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        """End the process; SIGKILL when SIGTERM does not end it within 5 s."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), 5.0)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()


def split_address(address: str) -> tuple[str, int]:
    """Host and port of ``host:port`` or ``[v6]:port``.

    Raises:
        ConfigError: it is not such an address.
    """
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(
            f"mqtt.embedded_address: {address!r} is not host:port, such as 127.0.0.1:1883"
        )
    return host, int(port)
