"""The desk over HTTP, with a real bus and a real record behind it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.desk.conftest import KEYS, Agency
from tests.patience import until
from voiceagent.events import HandoverMarked, Record

Records = list[Record]


@pytest.fixture
async def browser(agency: Agency) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=agency.url) as client:
        yield client


async def log_in(browser: httpx.AsyncClient, person: str = "6002@pbx") -> httpx.Response:
    return await browser.post(f"/desk/{person}/login", data={"key": KEYS[person]})


async def shown(browser: httpx.AsyncClient, person: str = "6002@pbx") -> str:
    return (await browser.get(f"/desk/{person}")).text


async def until_shown(browser: httpx.AsyncClient, words: str, person: str = "6002@pbx") -> None:
    async with asyncio.timeout(20.0):
        while words not in await shown(browser, person):
            pass  # asking again is what takes time


async def test_without_the_key_nobody_sees_or_does_anything(
    agency: Agency, browser: httpx.AsyncClient, handed_over_call: Records
) -> None:
    await agency.happens(handed_over_call[:12])
    assert "Your key" in await shown(browser)
    assert "this is wrong" not in await shown(browser)
    assert (await browser.get("/desk/6002@pbx/events")).status_code == 401
    sent = await browser.post("/desk/6002@pbx/calls/call-1/marks", json={"mark": "needed"})
    assert sent.status_code == 401
    wrong = await browser.post("/desk/6002@pbx/login", data={"key": KEYS["6001@pbx"]})
    assert wrong.status_code == 401
    assert "not the key of this desk" in wrong.text
    assert not browser.cookies


async def test_a_key_opens_ones_own_desk_and_no_other(
    agency: Agency, browser: httpx.AsyncClient, handed_over_call: Records
) -> None:
    await agency.happens(handed_over_call[:12])
    answer = await log_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/6002@pbx")
    cookie = answer.headers["set-cookie"].lower()
    for wanted in ("httponly", "samesite=strict", "path=/desk/6002@pbx"):
        assert wanted in cookie
    await until_shown(browser, "this is wrong")
    page = await browser.get("/desk/6002@pbx")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    token = browser.cookies["desk"]
    for person in ("6001@pbx", "6003@pbx"):
        other = await browser.get(f"/desk/{person}", headers={"Cookie": f"desk={token}"})
        assert "Your key" in other.text
    news = await browser.get("/desk/6001@pbx/events", headers={"Cookie": f"desk={token}"})
    assert news.status_code == 401
    await browser.post("/desk/6002@pbx/logout")
    back = await browser.get("/desk/6002@pbx", headers={"Cookie": f"desk={token}"})
    assert "Your key" in back.text


async def test_the_desk_goes_along_with_the_call(
    agency: Agency, browser: httpx.AsyncClient, handed_over_call: Records
) -> None:
    await log_in(browser)
    states: list[str] = []

    def told(html: str) -> str:
        if "No call" in html:
            return "nothing"
        for text in ("phone is called", "phone rings", "have answered", "with you"):
            if text in html:
                return text
        return "over"

    async with browser.stream("GET", "/desk/6002@pbx/events") as events:
        lines = events.aiter_lines()

        async def until_told(state: str) -> None:
            async for line in lines:
                if line.startswith("data: "):
                    states.append(told(json.loads(line.removeprefix("data: "))))
                if states and states[-1] == state:
                    return

        await until_told("nothing")
        for count, state in ((11, "phone is called"), (12, "phone rings"), (13, "have answered")):
            await agency.happens(handed_over_call[:count])
            await until_told(state)
        await agency.happens(handed_over_call[:16])
        await until_told("with you")
        await agency.happens(handed_over_call)
        await until_told("over")
    assert states.index("phone rings") < states.index("have answered") < states.index("with you")


async def test_the_words_of_a_call_go_from_the_desk_of_whoever_does_not_take_it(
    agency: Agency, browser: httpx.AsyncClient, handed_over_call: Records
) -> None:
    await log_in(browser, "6001@pbx")
    await agency.happens(handed_over_call[:9])
    await until_shown(browser, "this is wrong", "6001@pbx")
    await agency.happens(handed_over_call[:10])
    await until_shown(browser, "Kein Anruf für Sie", "6001@pbx")
    assert "this is wrong" not in await shown(browser, "6001@pbx")


async def test_a_person_says_from_the_desk_whether_the_handover_was_right(
    agency: Agency, browser: httpx.AsyncClient, handed_over_call: Records
) -> None:
    await log_in(browser)
    marks = "/desk/6002@pbx/calls/call-1/marks"
    assert (await browser.post(marks, json={"mark": "needed"})).status_code == 404
    await agency.happens(handed_over_call)
    await until_shown(browser, "Was this handover right?")
    wrong = await browser.post(marks, json={"mark": "should-have-been"})
    assert wrong.status_code == 422
    assert "needed, too-late or not-needed" in wrong.json()["detail"]
    said = {"mark": "too-late", "reason": "anger", "turn": 1, "by": "somebody else"}
    assert (await browser.post(marks, json=said)).status_code == 204

    def kept() -> list[HandoverMarked]:
        events = [record.event for record in agency.journal.store.events("call-1")]
        return [event for event in events if isinstance(event, HandoverMarked)]

    await until(lambda: len(kept()) == 1)
    assert kept() == [HandoverMarked(mark="too-late", reason="anger", turn=1, by="6002@pbx")]


async def test_other_sites_cannot_mark_in_a_persons_name(
    agency: Agency, browser: httpx.AsyncClient, handed_over_call: Records
) -> None:
    await log_in(browser)
    await agency.happens(handed_over_call)
    form = await browser.post("/desk/6002@pbx/calls/call-1/marks", data={"mark": "needed"})
    assert form.is_error  # what a form of another site can send is not taken


async def test_what_the_page_needs_is_served_and_nothing_else(
    agency: Agency, browser: httpx.AsyncClient
) -> None:
    for name, kind in (("desk.js", "javascript"), ("desk.css", "text/css")):
        answer = await browser.get(f"/desk/static/{name}")
        assert (answer.status_code, kind in answer.headers["content-type"]) == (200, True)
    assert (await browser.get("/desk/static/%2e%2e/pages.py")).status_code == 404
