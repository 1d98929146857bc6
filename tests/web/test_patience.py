"""Who connects and sends nothing, or half a request, keeps nobody else out for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from tests.patience import until
from voiceagent.config.web import Web
from voiceagent.web import patience
from voiceagent.web.patience import Connection
from voiceagent.web.site import application

HALF = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"
WHOLE = HALF + b" more"


async def echo(request: Request) -> Response:
    return PlainTextResponse(await request.body())


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(patience, "HEAD_S", 0.5)
    monkeypatch.setattr(patience, "BODY_S", 0.5)
    app = application(Web(), [Route("/echo", echo, methods=["POST"])])
    settings = uvicorn.Config(app, port=0, http=Connection, lifespan="off", log_config=None)
    server = uvicorn.Server(settings)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def answered(port: int, *sent: bytes) -> bytes:
    """All that comes until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = b""
    for part in sent:
        writer.write(part)
        if part is WHOLE:
            answers += await reader.readuntil(b"half more")
    async with asyncio.timeout(60):
        answers += await reader.read()
    writer.close()
    return answers


@pytest.mark.parametrize("sent", [b"", b"GET /health HT", b"GET /health HTTP/1.1\r\nHost: a\r\n"])
async def test_a_request_that_does_not_come_ends_the_connection(port: int, sent: bytes) -> None:
    assert await answered(port, sent) == b""


async def test_half_a_request_after_a_whole_one_ends_the_connection(port: int) -> None:
    answers = await answered(port, WHOLE, b"GET /health HT")
    assert answers.startswith(b"HTTP/1.1 200")
    assert answers.count(b"HTTP/1.1") == 1


async def test_a_body_that_does_not_come_is_answered_with_the_mend(port: int) -> None:
    answer = await answered(port, HALF)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"send it anew" in answer


async def test_a_request_that_is_broken_off_is_no_error_of_ours(port: int) -> None:
    with capture_logs() as lines:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HALF)
        await writer.drain()
        writer.close()
        await answered(port, WHOLE)
    assert not [line for line in lines if line["event"] == "request.failed"]
