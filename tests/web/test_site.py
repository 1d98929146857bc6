"""What every route of the web server gets: safe headers, short bodies, errors that help."""

from __future__ import annotations

import httpx
import pytest
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from voiceagent.config.web import Web
from voiceagent.web.keys import program
from voiceagent.web.problems import body
from voiceagent.web.site import application

KEYS = {"crm": "a-key-of-sixteen-letters"}


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str
    pieces: int = 1


async def order(request: Request) -> Response:
    by = program(request, KEYS)
    wanted = await body(request, Order)
    return JSONResponse({"by": by, "pieces": wanted.pieces})


async def broken(request: Request) -> Response:
    raise RuntimeError("secret words")


@pytest.fixture
async def client() -> httpx.AsyncClient:
    routes = [Route("/orders", order, methods=["POST"]), Route("/broken", broken)]
    app = application(Web(max_body_kb=1), routes)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://agent",
        headers={"Authorization": f"Bearer {KEYS['crm']}"},
    )


async def test_it_tells_that_it_is_well(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_program_with_a_key_is_known_by_its_name(client: httpx.AsyncClient) -> None:
    answer = await client.post("/orders", json={"text": "tea", "pieces": 2})
    assert answer.json() == {"by": "crm", "pieces": 2}


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic YTpi", f"bearer{KEYS['crm']}"])
async def test_whoever_has_no_key_is_told_how_to_send_one(
    client: httpx.AsyncClient, header: str
) -> None:
    answer = await client.post("/orders", json={}, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "Authorization: Bearer" in answer.json()["detail"]


async def test_every_wrong_field_is_named_with_its_mend(client: httpx.AsyncClient) -> None:
    answer = await client.post("/orders", json={"pieces": "many", "colour": "red"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    told = {item["pointer"]: item["detail"] for item in answer.json()["errors"]}
    assert told.keys() == {"#/text", "#/pieces", "#/colour"}
    assert told["#/text"] == "is missing: write it"
    assert "known: text, pieces" in told["#/colour"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[" * 1000, "application/json", 400),
        (b'{"text": "\\ud800"}', "application/json", 400),
        (b'{"text": "\xff"}', "application/json", 400),
        (b"[]", "application/json", 422),
        (b"text=tea", "application/x-www-form-urlencoded", 415),
        (b'{"text": "' + b"x" * 1100 + b'"}', "application/json", 413),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused_by_its_reason(
    client: httpx.AsyncClient, content: bytes, kind: str, status: int
) -> None:
    answer = await client.post("/orders", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert answer.json()["detail"]


async def test_a_body_without_its_length_is_not_read_beyond_the_limit(
    client: httpx.AsyncClient,
) -> None:
    async def endless() -> object:
        while True:
            yield b" " * 500

    answer = await client.post(
        "/orders", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/orders", 405)])
async def test_a_wrong_address_or_method_is_a_problem_in_json(
    client: httpx.AsyncClient, path: str, status: int
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["status"]) == (status, status)


async def test_what_breaks_tells_nothing_of_the_inside(client: httpx.AsyncClient) -> None:
    answer = await client.get("/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text


async def test_every_answer_keeps_browsers_from_what_no_page_needs(
    client: httpx.AsyncClient,
) -> None:
    for path in ("/health", "/nowhere", "/broken"):
        headers = (await client.get(path)).headers
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
