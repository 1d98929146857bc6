"""A customer's page is in the language that the agent speaks."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from tests.dialogue.test_notes import PLAN
from voiceagent.config import Config
from voiceagent.supervision.address import Address
from voiceagent.text.api import routes
from voiceagent.web.site import Site, application


async def page(language: str) -> str:
    plan = PLAN.model_copy(update={"language": language})
    config = Config(dialplan=Path("plan.yaml"))
    site = Site(config, plan, Address("127.0.0.1", 1))
    app = application(config.web, routes(cast(Any, None), site))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        answer = await client.get("/case/1")
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


@pytest.mark.parametrize(
    ("language", "written_in", "title", "gone"),
    [
        ("de-AT", "de", "Ihr Gespräch", "Dieser Link ist nicht mehr gültig."),
        ("en", "en", "Your conversation", "This link is not valid any more."),
        ("ko", "en", "Your conversation", "This link is not valid any more."),
    ],
)
async def test_the_page_is_written_in_the_dialplans_language(
    language: str, written_in: str, title: str, gone: str
) -> None:
    found = await page(language)
    assert f'<html lang="{written_in}">' in found
    assert f"<h1>{title}</h1>" in found
    words = re.search(r"data-words='(.*?)'", found)
    assert words is not None
    assert json.loads(html.unescape(words[1]))["gone"] == gone


async def test_every_word_that_the_script_says_is_on_the_page() -> None:
    found = re.search(r"data-words='(.*?)'", await page("en"))
    assert found is not None
    words = json.loads(html.unescape(found[1]))
    script = Path(routes.__code__.co_filename).with_name("static") / "case.js"
    said = set(re.findall(r"words\.(\w+)", script.read_text(encoding="utf-8")))
    assert len(said) > 4
    assert said <= words.keys()
