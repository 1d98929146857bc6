"""A connection to a Wyoming service, whose every failure is a `SpeechError`."""

from __future__ import annotations

import asyncio
import contextlib

from wyoming.error import Error
from wyoming.event import Event, async_read_event, async_write_event

from voiceagent.config.wyoming import Address

_CONNECT_S = 2.0


class SpeechError(Exception):
    """The speech service could not do what was asked; the text says what and why."""


class Connection:
    """``await Connection.open(address)``; every method raises `SpeechError`."""

    def __init__(
        self, address: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.address = address
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, address: Address) -> Connection:
        """Connect; a service that does not answer at once counts as gone."""
        opening = (
            asyncio.open_unix_connection(address.path)
            if address.path
            else asyncio.open_connection(address.host, address.port)
        )
        try:
            async with asyncio.timeout(_CONNECT_S):
                reader, writer = await opening
        except TimeoutError as error:
            raise SpeechError(f"{address}: no connection within {_CONNECT_S:.0f} s") from error
        except OSError as error:
            raise SpeechError(
                f"{address}: the speech service is not there: {error.strerror or error}"
            ) from error
        return cls(address, reader, writer)

    async def send(self, event: Event) -> None:
        """Send one event."""
        try:
            await async_write_event(event, self._writer)
        except OSError as error:
            raise SpeechError(f"{self.address}: the speech service was lost") from error

    async def receive(self, timeout_s: float | None) -> Event:
        """The next event; an error event is raised."""
        try:
            async with asyncio.timeout(timeout_s):
                event = await async_read_event(self._reader)
        except TimeoutError as error:
            raise SpeechError(f"{self.address}: no answer within {timeout_s:.0f} s") from error
        except (OSError, EOFError) as error:
            raise SpeechError(f"{self.address}: the speech service was lost") from error
        if event is None:
            raise SpeechError(f"{self.address}: the speech service closed the connection")
        if Error.is_type(event.type):
            raise SpeechError(f"{self.address}: {event.data.get('text', 'an error without text')}")
        return event

    def close(self) -> None:
        """Close it, and wait for nothing."""
        self._writer.close()

    async def aclose(self) -> None:
        """Close it, and return when it is closed."""
        self.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
