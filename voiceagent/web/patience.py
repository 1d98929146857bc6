"""How long the server waits for a request: who sends none would keep a place from others."""

from __future__ import annotations

import asyncio

from starlette.types import Message, Receive
from uvicorn.protocols.http.h11_impl import H11Protocol

from voiceagent.web.problems import Problem

HEAD_S = 10.0
"""For its first line and headers, from when it is its turn."""
BODY_S = 20.0
"""For its body, the whole of it."""


class Connection(H11Protocol):
    """A connection of uvicorn that is closed when a request does not come in time.

    uvicorn itself waits for a first request for ever, and for the rest of any other.
    """

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what comes, which may be the beginning of the next request."""
        super().data_received(data)
        if self._waiting is None and self._no_request:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        if self._waiting is not None:
            self._waiting.cancel()

    @property
    def _no_request(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEAD_S, self._waited)

    def _waited(self) -> None:
        self._waiting = None
        if self._no_request:
            self.transport.close()


def body_in_time(receive: Receive) -> Receive:
    """`receive` for one request, which raises `Problem` when the body takes too long."""
    until = asyncio.get_running_loop().time() + BODY_S
    whole = False

    async def receiving() -> Message:
        nonlocal whole
        if whole:  # what comes now is that the other side has gone
            return await receive()
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError:
            late = f"the body did not come within {BODY_S:.0f} s: send it anew"
            raise Problem(408, late, headers={"Connection": "close"}) from None
        whole = not message.get("more_body", False)
        return message

    return receiving
