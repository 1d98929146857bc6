"""A desk that is served, with a bus and a record: all real, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn

from tests.patience import until
from tests.supervision.conftest import LINE, embedded_broker, handed_over_call as handed_over_call
from voiceagent.config import Config
from voiceagent.config.web import Desk
from voiceagent.desk.pages import desk
from voiceagent.dialogue.loader import load
from voiceagent.events import Record
from voiceagent.supervision.address import Address
from voiceagent.supervision.journal import StoreJournal, open_journal
from voiceagent.web.site import Site, application

KEYS = {"6001@pbx": "annas key is this", "6002@pbx": "bens key is that"}
"""As the call of `handed_over_call` names people, without the scheme. The first reads German."""
DIALPLAN = Path(__file__).parents[2] / "dialplans" / "shop.yaml"


@dataclass
class Agency:
    """A line's journal, and the web server beside it."""

    url: str
    journal: StoreJournal
    site: Site

    async def happens(self, records: Iterable[Record]) -> None:
        """Have it in the record and on the bus."""
        last = None
        for last in records:
            self.journal.write(last)
        assert last is not None
        assert await self.journal.delivered(last.id, 10.0)


@contextlib.asynccontextmanager
async def served(site: Site) -> AsyncIterator[str]:
    """The desk's web server; gives its address."""
    async with desk(site) as routes:
        app = application(site.config.web, routes)
        server = uvicorn.Server(
            uvicorn.Config(
                app, port=0, lifespan="off", log_config=None, timeout_graceful_shutdown=1
            )
        )
        serving = asyncio.create_task(server.serve())
        await until(lambda: server.started)
        try:
            port = server.servers[0].sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await serving


async def _live(url: str) -> None:
    """Wait until the desks are connected to the bus."""
    async with httpx.AsyncClient(base_url=url) as client, asyncio.timeout(20.0):
        *_, (person, key) = KEYS.items()
        await client.post(f"/desk/{person}/login", data={"key": key})
        while "The bus is away" in (await client.get(f"/desk/{person}")).text:
            pass  # asking again is what takes time


@pytest.fixture
async def agency(tmp_path: Path) -> AsyncIterator[Agency]:
    config = Config.model_validate(
        {
            "dialplan": DIALPLAN,
            "line": LINE,
            "records": {"path": tmp_path / "calls.db"},
            "people": [{"name": "anna", "target": "sip:6001@pbx", "languages": ["de"]}],
            "desk": Desk(keys={f"sip:{person}": key for person, key in KEYS.items()}),
        }
    )
    async with embedded_broker() as broker:
        address = Address.of(config.mqtt, broker)
        site = Site(config, load(DIALPLAN), address)
        async with open_journal(config, broker) as journal, served(site) as url:
            await _live(url)
            yield Agency(url, journal, site)
