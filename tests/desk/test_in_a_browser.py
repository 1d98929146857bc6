"""The desk in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.desk.browser import chromium
from tests.desk.conftest import KEYS, Agency, served
from tests.patience import until
from voiceagent.events import (
    ConsultationAnswered,
    HandoverContextReady,
    HandoverMarked,
    Record,
    TranscriptLine,
    Translation,
)

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

EVIL = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
Records = list[Record]


@pytest.fixture
async def page(agency: Agency) -> AsyncIterator[Page]:
    """A page logged in at the desk of 6002, by the keyboard alone."""
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto(f"{agency.url}/desk/6002@pbx")
        await expect(page.get_by_label("Your key")).to_be_focused()
        await page.keyboard.type(KEYS["6002@pbx"])
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_have_text("live")
        yield page


def with_words(record: Record, words: str) -> Record:
    """The record of a context, with these words at the end of the transcript."""
    assert isinstance(record.event, HandoverContextReady)
    context = record.event.context
    said = TranscriptLine(who="caller", text=words, start_s=3, end_s=4)
    more = context.model_copy(
        update={"transcript": (*context.transcript, said), "summary": words, "reason": words}
    )
    event = record.event.model_copy(update={"context": more})
    return record.model_copy(update={"id": "more", "event": event})


async def test_the_context_is_there_before_the_phone_rings_and_goes_along(
    agency: Agency, page: Page, handed_over_call: Records
) -> None:
    await expect(page.locator("main")).to_contain_text("No call for you")
    await agency.happens(handed_over_call[:11])
    article = page.locator("article")
    await expect(article.locator(".state")).to_have_text("your phone is called")
    await expect(article).to_contain_text("this is wrong")
    await expect(page).to_have_title("+4930123 – Desk 6002@pbx")
    await agency.happens(handed_over_call[:12])
    await expect(article.locator(".state")).to_have_text("your phone rings")
    await agency.happens([with_words(handed_over_call[6], "and I want my money back")])
    await expect(article.locator(".transcript")).to_contain_text("and I want my money back")
    await expect(article.locator(".state")).to_have_text("your phone rings")


async def test_a_callers_words_do_nothing_in_the_browser(
    agency: Agency, page: Page, handed_over_call: Records
) -> None:
    problems: list[Any] = []

    def note(problem: Any) -> None:
        problems.append(problem)

    page.on("pageerror", note)
    page.on("dialog", note)
    records = handed_over_call[:12]
    records[6] = with_words(records[6], EVIL)
    await agency.happens(records)
    await expect(page.locator(".transcript")).to_contain_text(EVIL)
    await page.reload()
    await expect(page.locator(".summary")).to_have_text(EVIL)
    assert await page.locator("article img, article script").count() == 0
    assert "owned" not in await page.title()
    assert problems == []


async def test_a_handover_is_marked_by_the_keyboard_and_what_is_filled_in_stays(
    agency: Agency, page: Page, handed_over_call: Records
) -> None:
    await agency.happens(handed_over_call[:16])
    form = page.locator("form.mark")
    await form.locator("input[value=too-late]").focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await page.keyboard.type("anger")
    await page.keyboard.press("Tab")
    await page.keyboard.type("7")
    await agency.happens(handed_over_call)  # the agent leaves the call meanwhile
    await expect(page.locator(".state")).to_have_text("over")
    turn = form.locator("input[name=turn]")
    await expect(turn).to_have_value("7")
    await expect(turn).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(form.locator("output")).to_contain_text("there is no turn 7")
    await turn.fill("1")
    await page.keyboard.press("Enter")
    await expect(form.locator("output")).to_have_text("Kept, thank you.")

    def kept() -> list[Any]:
        events = [record.event for record in agency.journal.store.events("call-1")]
        return [event for event in events if isinstance(event, HandoverMarked)]

    await until(lambda: len(kept()) == 1)
    assert kept() == [HandoverMarked(mark="too-late", reason="anger", turn=1, by="6002@pbx")]


async def test_calls_that_are_over_can_be_marked_after_the_web_server_was_started_again(
    agency: Agency, page: Page, handed_over_call: Records
) -> None:
    await agency.happens(handed_over_call)
    await expect(page.locator(".state")).to_have_text("over")
    async with served(agency.site) as url:
        await page.goto(f"{url}/desk/6002@pbx")
        await page.get_by_label("Your key").fill(KEYS["6002@pbx"])
        await page.keyboard.press("Enter")
        await expect(page.locator(".state")).to_have_text("over")
        await expect(page.locator(".transcript")).to_contain_text("this is wrong")
        await page.locator("form.mark input[value=needed]").check()
        await page.get_by_role("button", name="Keep").click()
        await expect(page.locator("form.mark output")).to_have_text("Kept, thank you.")
        await page.goto(f"{url}/desk/6001@pbx")
        await page.get_by_label("Your key").fill(KEYS["6001@pbx"])
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_contain_text("Kein Anruf für Sie")


async def test_who_speaks_german_reads_german(
    agency: Agency, page: Page, handed_over_call: Records
) -> None:
    await page.goto(f"{agency.url}/desk/6001@pbx")
    await page.get_by_label("Your key").fill(KEYS["6001@pbx"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("verbunden")
    records = handed_over_call[:9]
    ready = records[6].event
    assert isinstance(ready, HandoverContextReady)
    german = Translation(
        language="de", people=("sip:6001@pbx",), reason="Die Stimmung ist gereizt."
    )
    context = ready.context.model_copy(update={"translations": (german,)})
    event = ready.model_copy(update={"context": context})
    records[6] = records[6].model_copy(update={"event": event})
    await agency.happens(records)
    await expect(page.locator(".state")).to_have_text("Ihr Telefon wird angerufen")
    await expect(page.locator(".reason")).to_have_text("Die Stimmung ist gereizt.")
    await expect(page).to_have_title("+4930123 – Platz 6001@pbx")
    answered = ConsultationAnswered(handover_id="h1", target="sip:6001@pbx")
    await agency.happens(
        [*records[:8], records[8].model_copy(update={"id": "answered", "event": answered})]
    )
    await page.get_by_label("nicht nötig").check()
    await page.get_by_role("button", name="Festhalten").click()
    await expect(page.locator("form.mark output")).to_have_text("Festgehalten, danke.")


async def test_who_logs_out_sees_nothing_any_more(
    agency: Agency, page: Page, handed_over_call: Records
) -> None:
    await agency.happens(handed_over_call[:12])
    await expect(page.locator(".transcript")).to_be_visible()
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_label("Your key")).to_be_visible()
    await expect(page.locator("article")).to_have_count(0)
