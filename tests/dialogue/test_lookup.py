"""Look-ups in tables and over real HTTP, with every failure in the result."""

import json
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from voiceagent.dialogue.lookup import look_up
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.replies import LookupRequest, LookupResult


class _Service(BaseHTTPRequestHandler):
    """Answers about orders; /slow does so only when the test is over."""

    over = Event()

    def do_GET(self) -> None:
        if self.path == "/orders/471%2F229":
            key = self.headers.get("Authorization")
            self._answer(200, {"order": {"parcels": [{"state": "sent"}], "key": key}})
        elif self.path == "/slow":
            self.over.wait(5)
            self._answer(200, {})
        elif self.path == "/text":
            self._answer(200, None)
        elif self.path == "/broken":
            self._answer(500, {})
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(200, {"echo": body["q"]["numbers"][0]})

    def _answer(self, code: int, value: Any) -> None:
        data = b"no json" if value is None else json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    _Service.over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def look(client: httpx.AsyncClient, number: str, **lookup: Any) -> LookupResult:
    plan = Dialplan.model_validate(
        {
            "name": "test",
            "greeting": "A machine.",
            "intents": {"x": {"examples": ["x"], "lookup": "order"}},
            "lookups": {"order": {"found": "yes", "not_found": "no", **lookup}},
            "targets": {"general": ["1"]},
        }
    )
    return await look_up(LookupRequest(name="order", values={"number": number}), plan, client)


async def test_a_row_is_found_whatever_the_spaces_and_dashes(client: httpx.AsyncClient) -> None:
    table = {"rows": [{"id": "AB-12", "s": "a"}], "key": "id", "value": "{{ number }}"}
    assert (await look(client, "ab 1 2", table=table)).data == {"id": "AB-12", "s": "a"}
    missed = await look(client, "ab 1 3", table=table)
    assert (missed.found, missed.error) == (False, "")


async def test_fields_are_picked_by_path_and_values_are_encoded(
    client: httpx.AsyncClient, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERS_KEY", "k1")
    result = await look(
        client,
        "471/229",
        http={
            "url": service + "/orders/{{ number }}",
            "headers": {"Authorization": "Bearer {{ env.ORDERS_KEY }}"},
            "fields": {"state": "order.parcels.0.state", "key": "order.key", "none": "a.b.1"},
        },
    )
    assert result.found
    assert result.data == {"state": "sent", "key": "Bearer k1", "none": None}
    assert 0 < result.took_s < 3


async def test_a_post_sends_its_body_with_templates_filled_in(
    client: httpx.AsyncClient, service: str
) -> None:
    http = {"url": service, "method": "POST", "body": {"q": {"numbers": ["{{ number }}", 2]}}}
    assert (await look(client, "7", http=http)).data == {"echo": "7"}


async def test_404_and_an_answer_without_the_fields_mean_not_found(
    client: httpx.AsyncClient, service: str
) -> None:
    for http in (
        {"url": service + "/none"},
        {"url": service + "/orders/{{ number }}", "fields": {"x": "y"}},
    ):
        result = await look(client, "471/229", http=http)
        assert (result.found, result.error) == (False, "")


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/slow", "no answer within 0.1 s"),
        ("/text", "not JSON"),
        ("/broken", "answered 500"),
        ("/{{ env.VOICEAGENT_TEST_NOT_SET }}", "VOICEAGENT_TEST_NOT_SET is not set"),
        ("/{{ missing }}", "missing"),
    ],
)
async def test_a_failure_is_told_in_the_result(
    client: httpx.AsyncClient, service: str, path: str, error: str
) -> None:
    patience_s = 0.1 if path == "/slow" else 10
    result = await look(client, "1", http={"url": service + path, "timeout_s": patience_s})
    assert not result.found
    assert error in result.error


async def test_nobody_listening_is_a_failure_not_an_exception(client: httpx.AsyncClient) -> None:
    result = await look(client, "1", http={"url": "http://127.0.0.1:1/"})
    assert "ConnectError" in result.error
