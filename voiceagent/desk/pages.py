"""The pages of the desk: logging in, what lies on it, its news, and marks."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from voiceagent.desk import view
from voiceagent.desk.following import Desk, desks
from voiceagent.desk.sessions import Sessions, TooManyTries
from voiceagent.dialogue.notes.teller import Teller
from voiceagent.handoff.staff import Staff
from voiceagent.handoff.telling import Readers
from voiceagent.records.marks import MarkError, MarkRequest, mark
from voiceagent.records.store import Store
from voiceagent.supervision.topics import Topics, level, person as name_of
from voiceagent.web.problems import Problem, body
from voiceagent.web.site import Site

BEAT_S = 15.0
"""How often a browser hears that the server is still there."""
_COOKIE = "desk"
_STATIC = Path(__file__).parent / "static"


@asynccontextmanager
async def desk(site: Site) -> AsyncIterator[Sequence[BaseRoute]]:
    """The pages of all people who have a key.

    Raises:
        ConfigError: a file of sentences cannot be used.
        StoreError: the store cannot be used.
    """
    settings = site.config.desk
    keys = {name_of(target): key for target, key in settings.keys.items()}
    if not keys:
        yield ()
        return
    sessions = Sessions(keys, settings.session_h * 3600, time.monotonic)
    topics = Topics(site.config.mqtt.topic_root)
    members = Staff.of(site.config, site.plan).roster.members
    readers = Readers(site.plan, members, site.config.handover.wording)
    known = {name_of(member.target): readers.of(member) for member in members}
    people = {name: known.get(name, readers.own) for name in keys}
    with Store(site.config.records.path, site.config.webhook.wants) as store:
        async with desks(site.broker, topics, people, store) as found:
            secure = site.config.web.public_url.startswith("https://")
            yield _Pages(sessions, found, store, readers.own, secure=secure).routes


class _Pages:
    def __init__(
        self,
        sessions: Sessions,
        found: dict[str, Desk],
        store: Store,
        stranger: Teller,
        *,
        secure: bool,
    ) -> None:
        self._sessions = sessions
        self._desks = found
        self._store = store
        self._stranger = stranger
        """In whose words somebody is spoken to of whom nothing is known yet."""
        self._secure = secure
        self.routes: Sequence[BaseRoute] = (
            Mount("/desk/static", StaticFiles(directory=_STATIC)),
            Route("/desk/{person}", self._page),
            Route("/desk/{person}/login", self._log_in, methods=["POST"]),
            Route("/desk/{person}/logout", self._log_out, methods=["POST"]),
            Route("/desk/{person}/events", self._events),
            Route("/desk/{person}/calls/{call_id}/marks", self._mark, methods=["POST"]),
        )

    async def _page(self, request: Request) -> Response:
        person = request.path_params["person"]
        if not self._may(request):
            return HTMLResponse(view.login(person, self._stranger))
        return HTMLResponse(view.page(person, self._desks[person]))

    async def _log_in(self, request: Request) -> Response:
        person = request.path_params["person"]
        sent = parse_qs((await request.body()).decode(errors="replace"))
        try:
            source = request.client.host if request.client else ""
            token = self._sessions.log_in(person, sent.get("key", [""])[0], source)
        except TooManyTries:
            return HTMLResponse(view.login(person, self._stranger, "too_many_keys"), 429)
        if not token:
            return HTMLResponse(view.login(person, self._stranger, "wrong_key"), 401)
        answer = RedirectResponse(_address(person), 303)
        answer.set_cookie(
            _COOKIE,
            token,
            path=_address(person),
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )
        return answer

    async def _log_out(self, request: Request) -> Response:
        person = request.path_params["person"]
        self._sessions.log_out(request.cookies.get(_COOKIE, ""))
        answer = RedirectResponse(_address(person), 303)
        answer.delete_cookie(_COOKIE, path=_address(person))
        return answer

    async def _events(self, request: Request) -> Response:
        """News as server-sent events; the first when the page is older than the desk."""
        person = self._person(request)
        shown = request.headers.get("last-event-id") or request.query_params.get("version", "")
        return StreamingResponse(
            self._news(request, person, shown),
            headers={"X-Accel-Buffering": "no"},  # a proxy is not to keep them back
            media_type="text/event-stream",
        )

    async def _news(self, request: Request, person: str, shown: str) -> AsyncIterator[str]:
        desk = self._desks[person]
        yield "retry: 2000\n\n"
        while True:
            anything = await desk.news(shown, BEAT_S)
            if not self._may(request):
                break
            if anything:
                shown = desk.version
                html = json.dumps(view.cases(desk))
                yield f"id: {shown}\nevent: cases\ndata: {html}\n\n"
            else:
                yield ": still here\n\n"
        yield "event: out\ndata: \n\n"

    async def _mark(self, request: Request) -> Response:
        """Keep what the person says of a handover, as `voiceagent mark` does."""
        person, call_id = self._person(request), request.path_params["call_id"]
        if not self._desks[person].offers.has(call_id):
            raise Problem(404, "this call is not on your desk any more: use voiceagent mark")
        wanted = await body(request, MarkRequest)
        wanted = wanted.model_copy(update={"by": person})
        try:
            await asyncio.to_thread(mark, self._store, call_id, wanted)
        except MarkError as error:
            raise Problem(422, str(error)) from error
        except sqlite3.Error as error:
            raise Problem(503, f"the mark was not kept: {error}: send it again") from error
        return Response(status_code=204)

    def _may(self, request: Request) -> bool:
        token = request.cookies.get(_COOKIE, "")
        return self._sessions.good(request.path_params["person"], token)

    def _person(self, request: Request) -> str:
        """Whose desk it is.

        Raises:
            Problem: the request has no session of this desk.
        """
        if not self._may(request):
            raise Problem(401, "log in to this desk first")
        return str(request.path_params["person"])


def _address(person: str) -> str:
    return f"/desk/{level(person)}"
