"""An agent that dies in the middle of its calls: the PBX of deploy/asterisk sees to the callers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from asterisk import Asterisk
from scene import agent_sip, becomes as becomes_by_thread

from tests.handoff import transferor
from tests.handoff.matrix import BRIEFING_HZ, becomes
from tests.handoff.peer import Call, Peer
from voiceagent.simulation.phone_process import ScriptedProcess

pytestmark = [pytest.mark.pbx, pytest.mark.call]

FIRST_HZ, SECOND_HZ, TAKER_HZ = 1300, 2100, 600
_GONE_S = 15.0


class Scene:
    """Two callers of one agent, two people it may call, and one who takes what is lost."""

    def __init__(self, asterisk: Asterisk, agent: ScriptedProcess, *peers: Peer) -> None:
        self._at = (asterisk.sip_host, asterisk.sip_port)
        self._uri = f"sip:1001@{asterisk.domain}"
        self.agent = agent
        self.callers, self.people, self.taker = peers[:2], peers[2:4], peers[4]

    async def call(self, place: int) -> Call:
        call = await self.callers[place].call(self._uri, self._at)
        assert call.up.is_set(), call.code
        return call

    async def hand_over(self, target: str, **settings: object) -> None:
        """Hand over the last caller."""
        await self.agent.do("hand over", targets=[target], handover=settings, briefing_s=20)


@asynccontextmanager
async def scene(asterisk: Asterisk) -> AsyncIterator[Scene]:
    options = {
        "sip": agent_sip(asterisk, "trunk").model_dump(mode="json"),
        "handover": {},
        "targets": [],
    }
    agent = ScriptedProcess("agent", transferor.__name__, options)
    accounts = asterisk.callers | asterisk.people
    tones = zip(accounts, (800, 1700, FIRST_HZ, SECOND_HZ, TAKER_HZ), strict=True)
    peers = [Peer(name, hertz, password=accounts[name].password) for name, hertz in tones]
    async with AsyncExitStack() as stack:
        for each in (agent, *peers):
            await stack.enter_async_context(each)
        for peer in peers:
            await peer.register((asterisk.sip_host, asterisk.sip_port))
        yield Scene(asterisk, agent, *peers)
        for peer in peers:
            for call in peer.present:
                call.hang_up()
        await becomes_by_thread(lambda: asterisk.channels() == 0, "no call left in Asterisk")


async def test_callers_who_wait_or_talk_through_it_are_brought_to_people(
    asterisk: Asterisk,
) -> None:
    asterisk.ring_for(4)
    async with scene(asterisk) as s:
        s.people[0].answering = lambda call: call.answer(180)
        waiting = await s.call(0)
        await s.hand_over("6001", ring_s=30)
        await s.people[0].rang.wait()
        bridged = await s.call(1)
        await s.hand_over("6002", way="bridged", briefing=False)
        await bridged.line.hears(SECOND_HZ)
        s.agent.kill()
        await waiting.line.hears(TAKER_HZ, _GONE_S)
        await bridged.line.hears(TAKER_HZ, _GONE_S)
        for person in s.people:
            await becomes(lambda person=person: not person.present, "no phone for nobody")
    asterisk.ring_for(None)


async def test_a_caller_who_talks_to_it_or_whose_person_is_briefed_is_brought_to_people(
    asterisk: Asterisk,
) -> None:
    async with scene(asterisk) as s:
        talking = await s.call(0)
        briefing = await s.call(1)
        await s.hand_over("6002")
        await s.people[1].rang.wait()
        await s.people[1].calls[0].line.hears(BRIEFING_HZ)
        s.agent.kill()
        await talking.line.hears(TAKER_HZ, _GONE_S)
        await briefing.line.hears(TAKER_HZ, _GONE_S)
        await becomes(lambda: not s.people[1].present, "the briefed person's call ended")


async def test_a_caller_who_was_handed_over_does_not_notice(asterisk: Asterisk) -> None:
    async with scene(asterisk) as s:
        call = await s.call(0)
        await s.hand_over("6001", briefing=False)
        await s.agent.expect("handover.completed")
        s.agent.kill()
        await call.line.hears(FIRST_HZ)
        await s.people[0].calls[0].line.hears(800)
        assert not s.taker.calls
