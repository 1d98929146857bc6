"""The application that the web server serves: the routes of all rooms, and what they share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voiceagent.config import Config
from voiceagent.config.web import Web
from voiceagent.dialogue.plan import Dialplan
from voiceagent.supervision.address import Address
from voiceagent.web.patience import body_in_time
from voiceagent.web.problems import HANDLERS, problem

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    # The address of a page may hold the token that lets its reader in.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Site:
    """What the routes of a room are made from."""

    config: Config
    plan: Dialplan
    broker: Address
    broker_url: str = ""
    """URL of an embedded broker; empty where the settings name the broker."""
    url: str = ""
    """Where the server listens."""

    @property
    def public_url(self) -> str:
        """Address of the site for links."""
        return self.config.web.public_url or self.url


Room = Callable[[Site], AbstractAsyncContextManager[Sequence[BaseRoute]]]
"""Routes of one room, served until the end of its ``async with``."""


def application(settings: Web, routes: Sequence[BaseRoute]) -> ASGIApp:
    """All routes and ``GET /health``, with safe headers, short bodies, and errors as JSON."""
    longest = settings.max_body_kb * 1024
    app = Starlette(
        routes=[Route("/health", _health), *routes],
        exception_handlers=HANDLERS,
        max_body_size=longest,  # also of a body that does not tell its length
    )
    return _Guard(app, longest)


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


class _Guard:
    """Refuses long bodies before they are read, and adds the headers that a route does not set."""

    def __init__(self, app: ASGIApp, longest: int) -> None:
        self._app = app
        self._longest = longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        too_long = not length.isdecimal() or int(length) > self._longest
        app = problem(413).response if too_long else self._app
        await app(scope, body_in_time(receive), _with_headers(send))


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
