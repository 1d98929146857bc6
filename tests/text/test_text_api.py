"""The HTTP API of conversations in writing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from voiceagent import events as e
from voiceagent.supervision.address import Address
from voiceagent.text import api
from voiceagent.text.cases import Cases
from voiceagent.web.site import Site, application

pytestmark = pytest.mark.models

KEY = "a-key-of-sixteen-letters"


@pytest.fixture
async def cases(shared, notes) -> Cases:
    return Cases(await shared(web={"keys": {"crm": KEY}}, text={"most_open": 3}), notes.store)


@pytest.fixture
async def client(cases: Cases) -> AsyncIterator[httpx.AsyncClient]:
    made = cases._shared
    site = Site(made.config, made.plan, Address("127.0.0.1", 1), url="http://agent")
    app = application(made.config.web, api.routes(cases, site))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://agent", headers=bearer(KEY)
    ) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def opened(client: httpx.AsyncClient, **fields: str) -> dict:
    answer = await client.post("/api/cases", json={"text": "Where is my order?"} | fields)
    assert answer.status_code == 201
    return answer.json()


async def test_a_case_is_opened_written_in_and_read(client: httpx.AsyncClient) -> None:
    case = await opened(client, customer_id="C-77", number="+4930123")
    assert case["replies"] == ["Acme, a machine.", "Number?"]
    assert case["link"] == f"http://agent/case/{case['case_id']}#{case['token']}"
    path = f"/api/cases/{case['case_id']}"
    read = (await client.get(path)).json()
    assert read["open"] == {"intent": "order", "topic": "", "slots": {}}
    told = (await client.post(f"{path}/messages", json={"text": "471229"})).json()
    assert told["replies"][0].startswith("It is sent.")
    read = (await client.get(path)).json()
    who = [line["who"] for line in read["messages"]]
    assert who == ["agent", "caller", "agent", "caller", "agent"]
    assert read["open"] is None


async def test_the_token_opens_its_own_case_and_shows_no_more_than_the_words(
    client: httpx.AsyncClient,
) -> None:
    case, other = await opened(client), await opened(client)
    path = f"/api/cases/{case['case_id']}"
    read = await client.get(path, headers=bearer(case["token"]))
    assert read.json().keys() == {"case_id", "opened_at", "messages"}
    for wrong in (other["token"], case["code"], "x", ""):
        assert (await client.get(path, headers=bearer(wrong))).status_code == 401
        answer = await client.post(
            f"{path}/messages", json={"text": "hello"}, headers=bearer(wrong)
        )
        assert answer.status_code == 401


async def test_only_programs_open_cases_and_write_for_people(client: httpx.AsyncClient) -> None:
    case = await opened(client)
    own = bearer(case["token"])
    assert (await client.post("/api/cases", json={"text": "hi"}, headers=own)).status_code == 401
    path = f"/api/cases/{case['case_id']}/messages"
    answer = await client.post(path, json={"text": "hi", "from": "person"}, headers=own)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (403, "#/from")
    told = (await client.post(path, json={"text": "Ben here.", "from": "person"})).json()
    assert told["with_person"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"text": "  "}, "text"),
        ({"text": "x" * 5000}, "text"),
        ({"number": "my phone"}, "number"),
        ({"language": "de"}, "language"),
        ({"custmer_id": "C-77"}, "custmer_id"),
    ],
)
async def test_a_wrong_field_is_named(
    client: httpx.AsyncClient, wrong: dict[str, str], field: str
) -> None:
    answer = await client.post("/api/cases", json={"text": "hello"} | wrong)
    assert answer.status_code == 422
    assert [item["pointer"] for item in answer.json()["errors"]] == [f"#/{field}"]


async def test_an_unknown_case_is_told(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/cases/none")).status_code == 404
    answer = await client.post("/api/cases/none/messages", json={"text": "hello"})
    assert answer.status_code == 404


async def test_more_than_may_be_open_are_asked_to_come_later(client: httpx.AsyncClient) -> None:
    for _ in range(3):
        await opened(client)
    answer = await client.post("/api/cases", json={"text": "hello"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_a_case_is_gone_on_with_after_a_restart(
    client: httpx.AsyncClient, cases: Cases
) -> None:
    case = await opened(client)
    cases.close()
    path = f"/api/cases/{case['case_id']}"
    answer = await client.post(
        f"{path}/messages", json={"text": "471229"}, headers=bearer(case["token"])
    )
    assert answer.json()["replies"][0].startswith("It is sent.")
    read = (await client.get(path)).json()
    assert len(read["conversations"]) == 2
    assert read["messages"][-2]["text"] == "471229"


async def test_what_was_said_on_the_telephone_meanwhile_is_not_asked_again(
    client: httpx.AsyncClient, notes: Any
) -> None:
    case = await opened(client)
    path = f"/api/cases/{case['case_id']}"
    call = [
        e.CallArrived(facts=e.CallFacts(caller_number="+4930123")),
        e.CaseContinued(case_id=case["case_id"], known_by="code"),
        e.TurnUnderstood(turn=1, understanding=e.Understanding(text="no"), slots={}, about=None),
        e.CallEnded(by="caller", reason="hung up", duration_s=9.0),
    ]
    for event in call:
        notes.write(e.Record(line="l", call_id="call-1", t_s=1.0, event=event))
    answer = await client.post(f"{path}/messages", json={"text": "When are you open?"})
    assert answer.json()["replies"][0].startswith("From nine.")
    read = (await client.get(path)).json()
    assert [told["channel"] for told in read["conversations"]] == ["text", "call", "text"]
    assert read["open"] is None
