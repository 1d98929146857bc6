"""The web server as a process."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest

from voiceagent.children import Child, ChildError

DIALPLAN = Path(__file__).parents[2] / "dialplans" / "shop.yaml"


def server(tmp_path: Path, port: int) -> Child:
    settings = tmp_path / "agent.toml"
    settings.write_text(f'dialplan = "{DIALPLAN}"\n[web]\nport = {port}\n')
    arguments = ["--config", str(settings), "--broker", "mqtt://127.0.0.1:1"]
    return Child("web", "voiceagent.webserver", arguments)


async def test_it_serves_at_the_address_that_it_tells(tmp_path: Path) -> None:
    async with httpx.AsyncClient() as client:
        async with server(tmp_path, 0) as child:
            answer = await client.get(f"{child.ready['url']}/health")
            assert answer.status_code == 200
        with pytest.raises(httpx.TransportError):
            await client.get(f"{child.ready['url']}/health")


async def test_a_taken_port_is_named_with_its_setting(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ChildError):
            await server(tmp_path, taken.getsockname()[1]).__aenter__()
    assert "web.port: cannot listen on 127.0.0.1" in capfd.readouterr().err
