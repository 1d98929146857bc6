"""Conversations in writing, served over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from tests.patience import until
from voiceagent.services import Shared
from voiceagent.supervision.address import Address
from voiceagent.text import api
from voiceagent.text.cases import Cases
from voiceagent.web.site import Site, application
from voiceagent.webserver import listening, url_of

KEY = "a-key-of-sixteen-letters"
WEB = {"keys": {"crm": KEY}, "port": 0}
NO_BROKER = Address("127.0.0.1", 1)


@asynccontextmanager
async def served(shared: Shared, notes: Any, broker: Address = NO_BROKER) -> AsyncIterator[str]:
    """The address of the server."""
    with listening(shared.config) as listener:
        site = Site(shared.config, shared.plan, broker, url=url_of(listener))
        app = application(shared.config.web, api.routes(Cases(shared, notes.store), site))
        server = uvicorn.Server(
            uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
        )
        serving = asyncio.create_task(server._serve([listener]))
        await until(lambda: server.started)
        try:
            yield site.url
        finally:
            server.should_exit = True
            await serving
