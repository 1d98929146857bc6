"""An agent that dies in the middle of its calls: the PBX of deploy/asterisk sees to the callers."""

from __future__ import annotations

import pytest
from asterisk import Asterisk
from scene import CALLER_HZ, PERSON_HZ, SECOND_PERSON_HZ, TAKER_HZ, scene

from tests.handoff.matrix import BRIEFING_HZ, becomes

pytestmark = [pytest.mark.pbx, pytest.mark.call]

_GONE_S = 15.0


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
        await bridged.line.hears(SECOND_PERSON_HZ)
        s.agent.kill()
        await waiting.line.hears(TAKER_HZ, _GONE_S)
        await bridged.line.hears(TAKER_HZ, _GONE_S)
        for person in s.people:
            await becomes(lambda person=person: not person.present, "no phone for nobody")


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


async def test_who_was_handed_over_does_not_notice_and_as_the_refer_goes_there_is_a_person(
    asterisk: Asterisk,
) -> None:
    async with scene(asterisk) as s:
        handed_over = await s.call(0)
        await s.hand_over("6001", briefing=False)
        await s.agent.expect("handover.completed")
        referred = await s.call(1)
        seen = len(s.agent.events)
        await s.hand_over("6002", briefing=False)
        await s.agent.expect("refer.sent", after=seen)
        s.agent.kill()
        # The PBX has the REFER or has not: then it takes rtp_timeout until it sees to the caller.
        person = await referred.line.hears_one_of(SECOND_PERSON_HZ, TAKER_HZ, timeout_s=_GONE_S)
        await handed_over.line.hears(PERSON_HZ)
        await s.people[0].calls[0].line.hears(CALLER_HZ)
        if person == TAKER_HZ:
            await becomes(lambda: not s.people[1].present, "no phone for nobody")
        assert len(s.taker.calls) == (person == TAKER_HZ)
