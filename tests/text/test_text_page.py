"""The page of a case, in a real browser and beside a live call."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.desk.browser import chromium
from tests.supervision.conftest import embedded_broker
from tests.text.serving import KEY, WEB, served
from voiceagent import config, events as e
from voiceagent.cases import opened
from voiceagent.supervision.address import Address
from voiceagent.supervision.beside import taking_texts
from voiceagent.supervision.topics import Topics

pytestmark = pytest.mark.models
LIVE = "call-9"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_link_beside_a_call_reaches_the_call_and_after_it_the_case(
    shared: Any, notes: Any
) -> None:
    made = await shared(web=WEB)
    token, case = opened(notes.now, 1)

    def happens(event: Any) -> None:
        notes.write(e.Record(line="l", call_id=LIVE, t_s=1.0, event=event))

    def wrote(call_id: str, text: str) -> bool:
        said = e.Utterance(text=text, engine=e.WRITTEN)
        happens(e.TurnHeard(turn=1, utterance=said))
        return call_id == LIVE

    facts = e.CallFacts(caller_number="+4930123")
    for event in (e.CallArrived(facts=facts), e.CallAnswered(), case):
        happens(event)
    topics = Topics(made.config.mqtt.topic_root)
    async with embedded_broker() as url:
        broker = Address.of(config.Mqtt(), url)
        async with (
            taking_texts(broker, topics, "l", wrote),
            served(made, notes, broker) as site,
            httpx.AsyncClient(base_url=site, headers=bearer(token)) as page,
        ):
            path = f"/api/cases/{LIVE}/messages"

            answer = await page.post(path, json={"text": "anna@example.com"})
            while answer.status_code == 503:  # the line may not have subscribed yet
                answer = await page.post(path, json={"text": "anna@example.com"})
            assert (answer.status_code, answer.json()["replies"]) == (200, [])
            answer = await page.post(
                path, json={"text": "I", "from": "person"}, headers=bearer(KEY)
            )
            assert answer.status_code == 409
            happens(e.CallEnded(by="caller", reason="hung up", duration_s=9.0))
            answer = await page.post(path, json={"text": "When are you open?"})
            assert answer.json()["replies"][0].startswith("From nine.")
            assert (await page.get(f"/case/{LIVE}")).status_code == 200
    assert notes.of(e.CaseContinued)[0].case_id == LIVE


async def test_a_call_that_cannot_be_reached_is_no_place_to_write_into(
    shared: Any, notes: Any
) -> None:
    token, case = opened(notes.now, 1)
    for event in (e.CallArrived(facts=e.CallFacts()), case):
        notes.write(e.Record(line="l", call_id=LIVE, t_s=1.0, event=event))
    async with (
        served(await shared(web=WEB), notes) as site,
        httpx.AsyncClient(base_url=site, headers=bearer(token)) as page,
    ):
        answer = await page.post(f"/api/cases/{LIVE}/messages", json={"text": "hello"})
    assert answer.status_code == 503
    assert answer.json()["detail"].endswith("send it again")


@pytest.mark.browser
async def test_the_page_shows_what_was_said_and_takes_what_is_written(
    shared: Any, notes: Any
) -> None:
    async with (
        served(await shared(web=WEB), notes) as site,
        httpx.AsyncClient(base_url=site, headers=bearer(KEY)) as program,
        chromium() as browser,
    ):
        evil = "<img src=x onerror=\"document.title='owned'\">"
        case = (await program.post("/api/cases", json={"text": evil})).json()
        page = await browser.new_page()
        problems: list[Any] = []
        page.on("pageerror", lambda problem: problems.append(problem))
        await page.goto(case["link"])
        messages = page.get_by_role("log")
        await page.get_by_label("Your message").wait_for()
        await messages.get_by_text(evil).wait_for()
        await page.keyboard.type("When are you open?")
        await page.keyboard.press("Enter")
        await messages.get_by_text("From nine.").wait_for()
        await program.post(
            f"/api/cases/{case['case_id']}/messages",
            json={"text": "Ben here.", "from": "person"},
        )
        await messages.get_by_text("Ben here.").wait_for()
        assert await page.title() == "Your conversation"
        assert problems == []
        other = await browser.new_page()
        await other.goto(case["link"].partition("#")[0] + "#wrong")
        await other.get_by_text("This link is not valid any more.").wait_for()
        assert await other.get_by_label("Your message").is_hidden()
