"""The HTTP API of conversations in writing. docs/openapi.yaml describes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import aiomqtt
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from voiceagent.cases import link
from voiceagent.dialogue.notes.sentences import english, load
from voiceagent.events import CallArrived, CallFacts, Record
from voiceagent.language import bare_code
from voiceagent.markup import markup
from voiceagent.records.cases import left_open
from voiceagent.records.transcript import line
from voiceagent.speech.client import SpeechError
from voiceagent.supervision.beside import send_text
from voiceagent.supervision.topics import Topics
from voiceagent.text.cases import Cases, LiveCall, TooMany
from voiceagent.text.conversation import TextConversation
from voiceagent.web.keys import bearer, owner, program
from voiceagent.web.problems import Problem, body
from voiceagent.web.site import Site

LONGEST = 4000
_STATIC = Path(__file__).parent / "static"
_templates = markup("voiceagent.text")
Written = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewCase(_Body):
    """What opens a case."""

    text: Written
    customer_id: Short = ""
    number: Annotated[str, StringConstraints(pattern=r"^(\+?[0-9]{3,20})?$")] = ""
    name: Short = ""
    language: Short = ""


class NewMessage(_Body):
    """Something written in a case."""

    text: Written
    who: Literal["caller", "person"] = Field(default="caller", alias="from")


def routes(cases: Cases, site: Site) -> Sequence[BaseRoute]:
    """The routes of the API, and the page of a customer's case."""
    api = _Api(cases, site)
    sentences = load(site.plan.language, site.config.handover.wording) or english()
    html = _templates.get_template("case.html").render(
        t=sentences.case, written_in=sentences.language
    )

    async def page(request: Request) -> Response:
        return HTMLResponse(html)

    return [
        Mount("/case/static", StaticFiles(directory=_STATIC)),
        Route("/case/{case_id}", page),
        Route("/api/cases", api.open_case, methods=["POST"]),
        Route("/api/cases/{case_id}", api.read, methods=["GET"]),
        Route("/api/cases/{case_id}/messages", api.write, methods=["POST"]),
    ]


class _Api:
    """What programs and customers ask for."""

    def __init__(self, cases: Cases, site: Site) -> None:
        self._cases = cases
        self._site = site
        self._keys = site.config.web.keys

    async def open_case(self, request: Request) -> Response:
        """``POST /api/cases``: open a case, and answer what was written in it first."""
        by = program(request, self._keys)
        wanted = await body(request, NewCase)
        spoken = self._site.plan.language
        if wanted.language and bare_code(wanted.language) != bare_code(spoken):
            told = f"this agent writes {spoken}: leave it out, or ask another agent"
            raise Problem(422, f"language: {told}", {"language": told})
        facts = CallFacts(
            channel="text",
            caller_number=wanted.number,
            caller_name=wanted.name,
            customer_id=wanted.customer_id,
            dialled="text",
            source=f"api {by}",
        )
        try:
            opened = self._cases.open(facts)
        except TooMany as error:
            raise _no_room() from error
        greeting = [item.text for item in opened.conversation.transcript]
        replies = [*greeting, *await _answer(opened.conversation, wanted.text)]
        answer = {
            **_told(opened.conversation, replies),
            "token": opened.token,
            "code": opened.event.code,
            "expires_at": opened.event.expires_at.isoformat(),
            "link": link(self._site.public_url, opened.conversation.case_id, opened.token),
        }
        return JSONResponse(answer, 201, {"Location": f"/api/cases/{opened.conversation.case_id}"})

    async def write(self, request: Request) -> Response:
        """``POST /api/cases/{case_id}/messages``: answer the customer, or keep a person's words."""
        by = await self._who(request)
        message = await body(request, NewMessage)
        conversation = await self._found(request)
        if isinstance(conversation, LiveCall):
            return await self._beside(conversation, message)
        if message.who == "caller":
            return JSONResponse(_told(conversation, await _answer(conversation, message.text)))
        if not by:
            told = "only a program with a key of web.keys may write for a person: leave it out"
            raise Problem(403, f"from: {told}", {"from": told})
        conversation.person_wrote(message.text, by)
        return JSONResponse(_told(conversation, []))

    async def read(self, request: Request) -> Response:
        """``GET /api/cases/{case_id}``: what was written in a case, and more of it to programs."""
        by = await self._who(request)
        case_id = request.path_params["case_id"]
        try:
            records = await self._cases.records(case_id)
        except sqlite3.Error as error:
            raise _unreadable(error) from error
        if not records:
            raise _unknown(case_id)
        return JSONResponse(_case(case_id, records, whole=bool(by)))

    async def _who(self, request: Request) -> str:
        """Name of the program that asks, empty for the customer with their token."""
        token = bearer(request)
        if by := owner(token, self._keys):
            return by
        if token and await self._cases.allows(token, request.path_params["case_id"]):
            return ""
        return program(request, self._keys)

    async def _beside(self, call: LiveCall, message: NewMessage) -> Response:
        """Give what the caller has written to the call they are in."""
        if message.who != "caller":
            told = "the customer is on the telephone: speak with them, or wait until they are not"
            raise Problem(409, f"from: {told}", {"from": told})
        try:
            topics = Topics(self._site.config.mqtt.topic_root)
            await send_text(self._site.broker, topics, call.call_id, message.text)
            heard = await self._cases.heard_in(call, message.text)
        except (aiomqtt.MqttError, sqlite3.Error) as error:
            raise _not_heard() from error
        if not heard:
            raise _not_heard()
        return JSONResponse(
            {"case_id": call.case_id, "replies": [], "with_person": False, "ended": False}
        )

    async def _found(self, request: Request) -> TextConversation | LiveCall:
        case_id = request.path_params["case_id"]
        try:
            found = await self._cases.find(case_id)
        except TooMany as error:
            raise _no_room() from error
        except sqlite3.Error as error:
            raise _unreadable(error) from error
        if found is None:
            raise _unknown(case_id)
        return found


async def _answer(conversation: TextConversation, text: str) -> list[str]:
    try:
        return await conversation.wrote(text)
    except SpeechError as error:
        raise Problem(
            503, "what was written cannot be understood just now: send it again", headers=_LATER
        ) from error


_LATER = {"Retry-After": "5"}


def _no_room() -> Problem:
    return Problem(503, "too many conversations are open: try again later", headers=_LATER)


def _not_heard() -> Problem:
    return Problem(503, "the call cannot be reached just now: send it again", headers=_LATER)


def _unreadable(error: sqlite3.Error) -> Problem:
    return Problem(503, f"the record cannot be read: {error}: try again", headers=_LATER)


def _unknown(case_id: str) -> Problem:
    return Problem(404, f"{case_id}: there is no such case: see its id in the answer to POST")


def _told(conversation: TextConversation, replies: list[str]) -> dict[str, Any]:
    return {
        "case_id": conversation.case_id,
        "replies": replies,
        "with_person": conversation.with_person,
        "ended": conversation.ended,
    }


def _case(case_id: str, records: list[Record], *, whole: bool) -> dict[str, Any]:
    """A case as it is told; of what the agent has made of it only to programs."""
    said = [
        {"who": found.who, "text": found.text, "at": record.at.isoformat()}
        for record in records
        if (found := line(record)) is not None
    ]
    told: dict[str, Any] = {
        "case_id": case_id,
        "opened_at": records[0].at.isoformat(),
        "messages": said,
    }
    if whole:
        left = left_open(records)
        told["conversations"] = [
            {"call_id": r.call_id, "channel": r.event.facts.channel, "at": r.at.isoformat()}
            for r in records
            if isinstance(r.event, CallArrived)
        ]
        told["open"] = (
            {"intent": left.intent, "topic": left.topic, "slots": left.slots} if left else None
        )
    return told
