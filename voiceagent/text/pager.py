"""Conversations by SIP MESSAGE: a line's texts go to the web server, its answers come back.

The conversation itself is where all conversations in writing are. Of one number one text is
answered after the other.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import aiomqtt
import httpx
import structlog
from pydantic import ValidationError

from voiceagent import tasks
from voiceagent.config import Config
from voiceagent.events import RECORD, PersonWrote
from voiceagent.supervision.address import Address
from voiceagent.supervision.asked import answer, payload_of
from voiceagent.supervision.board import Message
from voiceagent.supervision.topics import Topics
from voiceagent.telephony.paging import Page, send
from voiceagent.telephony.requests import NoAnswer, Requests
from voiceagent.telephony.useragent import UserAgent

LONGEST = 900
"""Bytes of text in one MESSAGE: over UDP all of it must not be longer than 1300 (RFC 3428, 8)."""
_AT_ONCE = 5
"""Texts of one number that may wait for their answers; more are not answered."""
_MOST_CUSTOMERS = 2000
"""Customers whose case and address are remembered."""
_NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DIALABLE = re.compile(r"\+?[0-9]{3,20}")

log = structlog.get_logger()


class _Customer(NamedTuple):
    case_id: str
    uri: str
    """Where they are written to."""
    at: float
    """When they wrote last, by `time.monotonic()`."""
    over: bool
    """Whether the conversation has ended: the next text begins a new case."""


def parts(text: str) -> list[str]:
    """A text in parts that a MESSAGE can hold, cut between words where there are any.

    Control characters that are no line break are left out: they are no text/plain (RFC 2046, 4.1).
    """
    rest = _NO_TEXT.sub("", text.replace("\r\n", "\n")).strip()
    found = []
    while rest:
        part = rest.encode()[:LONGEST].decode(errors="ignore")
        if part != rest and not (part[-1].isspace() or rest[len(part)].isspace()):
            words, *_ = part.rsplit(maxsplit=1)
            part = words if words and part.startswith(words) else part
        found.append(part.rstrip())
        rest = rest[len(part) :].lstrip()
    return found


class Pager:
    """Answers texts; `paged` takes them.

    Args:
        web: reaches the web server, with a key.
        url: where that is now.
        valid_s: how long after their last text a customer's case is gone on with.
    """

    def __init__(
        self, requests: Requests, web: httpx.AsyncClient, url: Callable[[], str], valid_s: float
    ) -> None:
        self._requests = requests
        self._web = web
        self._url = url
        self._valid_s = valid_s
        self._customers: dict[str, _Customer] = {}
        """By number, whoever wrote last at the end."""
        self._waiting: defaultdict[str, int] = defaultdict(int)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._answering: set[asyncio.Task[None]] = set()

    def paged(self, page: Page) -> None:
        """A text has arrived."""
        number = page.facts.shown_number
        if not number or self._waiting[number] >= _AT_ONCE:
            log.warning("message.not_answered", why="too many" if number else "number withheld")
            return
        self._waiting[number] += 1
        tasks.start(self._answer(number, page), self._answering)

    async def close(self) -> None:
        """Answer no more."""
        await tasks.end(*self._answering)

    async def _answer(self, number: str, page: Page) -> None:
        async with self._turns[number]:
            try:
                replies = await self._replies(number, page)
                for reply in replies:
                    await self._send(page.answer_to, reply)
            except (httpx.HTTPError, NoAnswer) as error:
                log.error("message.not_answered", why=str(error) or type(error).__name__)
            finally:
                self._waiting[number] -= 1
        if not self._waiting[number]:
            del self._waiting[number], self._turns[number]

    async def person_wrote(self, case_id: str, text: str) -> None:
        """A person has answered in a case; passed on if its customer writes by MESSAGE."""
        for customer in list(self._customers.values()):
            if customer.case_id != case_id:
                continue
            try:
                await self._send(customer.uri, text)
            except NoAnswer as error:
                log.error("message.not_sent", case=case_id, why=str(error))

    async def _replies(self, number: str, page: Page) -> list[str]:
        text = page.text
        known = self._customers.get(number)
        if known and not known.over and time.monotonic() - known.at < self._valid_s:
            told = await self._post(f"/api/cases/{known.case_id}/messages", {"text": text})
            if told.status_code != httpx.codes.NOT_FOUND:
                return self._taken(number, page, told)
        who = {"number": number} if _DIALABLE.fullmatch(number) else {"name": number}
        told = await self._post("/api/cases", {"text": text, **who})
        return self._taken(number, page, told)

    def _taken(self, number: str, page: Page, answer: httpx.Response) -> list[str]:
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        self._customers.pop(number, None)
        self._customers[number] = _Customer(
            told["case_id"], page.answer_to, time.monotonic(), over=told["ended"]
        )
        if len(self._customers) > _MOST_CUSTOMERS:
            del self._customers[next(iter(self._customers))]
        return list(told["replies"])

    async def _post(self, path: str, body: dict[str, str]) -> httpx.Response:
        return await self._web.post(f"{self._url()}{path}", json=body)

    async def _send(self, uri: str, text: str) -> None:
        for part in parts(text):
            await send(self._requests, uri, part)


@dataclass(frozen=True)
class Answers:
    """What people answer in writing, from the bus."""

    address: Address
    topics: Topics
    line: str
    case_of: Callable[[str], str]
    """The case that a conversation belongs to, by its `call_id`; it may block on the disk."""

    async def follow(self, pager: Pager) -> None:
        """Pass the answers on, for as long as it is not cancelled."""

        async def handle(message: aiomqtt.Message) -> Message | None:
            try:
                record = RECORD.validate_json(payload_of(message))
                case_id = await asyncio.to_thread(self.case_of, record.call_id)
            except (ValidationError, sqlite3.Error) as error:
                log.error("message.not_sent", why=type(error).__name__)
                return None
            if isinstance(record.event, PersonWrote):
                await pager.person_wrote(case_id, record.event.text)
            return None

        await answer(self.address, f"{self.line}-pages", self.topics.persons_answers(), handle)


@asynccontextmanager
async def paging(
    agent: UserAgent, config: Config, url: Callable[[], str], key: str, answers: Answers
) -> AsyncIterator[Pager]:
    """Answer the texts that a line gets, until the end of the block.

    Args:
        url: where the web server is now.
        key: one of ``web.keys``.
    """
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(headers=headers) as web, Requests(config.sip) as requests:
        pager = Pager(requests, web, url, config.text.valid_h * 3600)
        agent.on_page = pager.paged
        following = asyncio.create_task(answers.follow(pager))
        try:
            yield pager
        finally:
            await tasks.end(following)
            await pager.close()
