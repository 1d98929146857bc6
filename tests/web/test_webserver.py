"""The web server: its socket, its ready line, and how it is refused one."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tests.patience import until
from voiceagent.children import Child, ChildError
from voiceagent.config import Config, load
from voiceagent.dialogue.loader import load as load_dialplan
from voiceagent.supervision.address import Address
from voiceagent.web.site import Site
from voiceagent.webserver import listening, serve, url_of

DIALPLAN = Path(__file__).parents[2] / "dialplans" / "shop.yaml"


def settings(tmp_path: Path, port: int) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(f'dialplan = "{DIALPLAN}"\n[web]\nport = {port}\n')
    return path


def site(config: Config, listener: socket.socket) -> Site:
    plan = load_dialplan(config.dialplan)
    return Site(config, plan, Address("127.0.0.1", 1), url=url_of(listener))


async def test_it_serves_every_room_at_the_address_that_it_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left: list[str] = []

    @asynccontextmanager
    async def room(site: Site) -> AsyncIterator[Sequence[BaseRoute]]:
        async def hello(request: Request) -> Response:
            return PlainTextResponse(site.public_url)

        try:
            yield [Route("/hello", hello)]
        finally:
            await asyncio.sleep(0.05)
            left.append("the room")

    with listening(load(settings(tmp_path, 0))) as listener:
        known = site(load(settings(tmp_path, 0)), listener)
        serving = asyncio.create_task(serve(known, listener, (room,)))
        told: list[str] = []

        def ready() -> bool:
            told.extend(line for line in capsys.readouterr().out.splitlines() if line[:1] == "{")
            return bool(told)

        await until(ready)
        url = json.loads(told[0])["url"]
        async with httpx.AsyncClient(base_url=url) as client:
            assert (await client.get("/health")).status_code == 200
            assert (await client.get("/hello")).text == url == known.url
        signal.raise_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await serving
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    assert left == ["the room"]


async def test_a_taken_port_is_named_with_its_setting(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        arguments = ["--config", str(settings(tmp_path, taken.getsockname()[1]))]
        with pytest.raises(ChildError):
            await Child("web", "voiceagent.webserver", arguments).__aenter__()
    assert "web.port: cannot listen on 127.0.0.1" in capfd.readouterr().err
