"""What the agent's requests look like to a peer, and what it makes of a peer's ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest
import pytest_asyncio

from tests.handoff.matrix import CALLER_HZ, PEOPLE_HZ, agents, becomes
from tests.handoff.peer import Call, Peer
from tests.pbx.rawsip import Message
from voiceagent.simulation.phone_process import ScriptedProcess

pytestmark = [pytest.mark.call, pytest.mark.asyncio(loop_scope="module")]

_names = count(1)


class Scene:
    """A caller and a person, and an agent between them."""

    def __init__(self, agent: ScriptedProcess, caller: Peer, person: Peer) -> None:
        self.agent, self.caller, self.person = agent, caller, person
        self._name = f"wire{next(_names)}"

    async def call(self, *headers: str, offers: bool = True) -> Call:
        at = ("127.0.0.1", self.agent.events[0]["port"])
        uri = f"sip:{self._name}@127.0.0.1:{at[1]}"
        call = await self.caller.call(uri, at, headers, offers=offers)
        assert call.up.is_set(), call.code
        return call

    async def hand_over(self, **settings: object) -> str:
        await self.agent.do(
            "hand over",
            call=self._name,
            targets=[self.person.uri],
            handover={"briefing": False, **settings},
        )
        outcome = await self.agent.expect("outcome", timeout_s=30, call=self._name)
        return str(outcome["outcome"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def agent() -> AsyncIterator[ScriptedProcess]:
    async with agents(1) as (process,):
        yield process


@pytest_asyncio.fixture(loop_scope="module")
async def s(agent: ScriptedProcess) -> AsyncIterator[Scene]:
    """A scene of the test's own."""
    caller, person = Peer("caller", CALLER_HZ), Peer("person", PEOPLE_HZ[0])
    async with caller, person:
        yield Scene(agent, caller, person)
        for peer in (caller, person):
            for call in peer.present:
                call.hang_up()


def asked(call: Call, method: str) -> Message:
    """The first request of a method within a call."""
    return next(message for message in call.received if message.method == method)


async def test_requests_of_a_handover_follow_the_route_that_the_call_has_recorded(s: Scene) -> None:
    route = f"<sip:127.0.0.1:{s.caller.port};lr;edge=1>"
    call = await s.call(f"Record-Route: {route}")
    assert await s.hand_over() == "transferred"
    for method in ("INVITE", "REFER", "BYE"):
        assert asked(call, method).all("Route") == [route], method


async def test_replaces_and_session_timers_are_offered_and_agreed_on(s: Scene) -> None:
    call = await s.call("Supported: timer, replaces", "Session-Expires: 120", "Min-SE: 90")
    assert await s.hand_over() == "transferred"
    invite = s.person.calls[0].invite
    assert call.answered is not None
    assert invite is not None
    for message in (call.answered, invite):
        supported = {part.strip() for part in message.one("Supported").split(",")}
        assert {"replaces", "timer"} <= supported
    assert call.answered.one("Session-Expires").startswith("120;refresher=")
    assert int(invite.one("Session-Expires").split(";")[0]) >= 90


async def test_an_interval_that_the_person_finds_too_short_is_raised(s: Scene) -> None:
    def too_short(call: Call) -> None:
        assert call.invite is not None
        if int(call.invite.one("Session-Expires").split(";")[0]) < 3600:
            call.answer(422, ["Min-SE: 3600"])
        else:
            call.answer(200, ["Supported: timer"])

    s.person.answering = too_short
    await s.call()
    assert await s.hand_over() == "transferred"


async def test_a_call_without_an_offer_is_answered_with_one(s: Scene) -> None:
    call = await s.call(offers=False)
    assert "m=audio" in call.answered.body  # type: ignore[union-attr]
    assert await s.hand_over() == "transferred"
    await s.caller.calls[-1].line.hears(s.person.hertz)


async def test_who_sends_a_re_invite_at_the_same_time_is_held_all_the_same(s: Scene) -> None:
    s.person.answering = lambda call: call.answer(180)
    call = await s.call()
    call.glares = 1
    handing_over = asyncio.create_task(s.hand_over())
    async with asyncio.timeout(5):
        await call.held.wait()
    s.person.calls[0].answer(486)
    assert await handing_over == "nobody"


async def test_who_sends_a_re_invite_at_the_same_time_is_resumed_all_the_same(s: Scene) -> None:
    call = await s.call()

    def busy(consultation: Call) -> None:
        call.glares = 1
        consultation.answer(486)

    s.person.answering = busy
    assert await s.hand_over() == "nobody"
    await becomes(lambda: not call.glares and not call.held.is_set(), "off hold")
