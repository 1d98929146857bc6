"""Attended transfers through a real Asterisk: an agent without speech, phones of their own."""

from __future__ import annotations

import asyncio
import time

import pytest
from asterisk import HOLD_TONE_HZ, Asterisk
from scene import CALLER_HZ, PERSON_HZ, SECOND_PERSON_HZ, Way, scene

from tests.handoff.matrix import BACK_HZ, BRIEFING_HZ, MUSIC_HZ, becomes
from tests.handoff.peer import Call
from voiceagent.audio.frames import FRAME_S
from voiceagent.telephony.headers import decode_user_to_user

pytestmark = [pytest.mark.pbx, pytest.mark.call]

either_way = pytest.mark.parametrize("way", ["registered", "trunk"])


def rings(call: Call) -> None:
    call.answer(180)


@either_way
async def test_caller_and_person_hear_each_other_and_the_agent_is_gone(
    asterisk: Asterisk, way: Way
) -> None:
    async with scene(asterisk, way) as s:
        call = await s.call(0)
        await s.hand_over("6001", briefing_s=0.5)
        assert await s.outcome() == "transferred"
        await s.legs_become(2)
        assert await s.agent_legs() == 0
        person = s.people[0].calls[0]
        await asyncio.gather(call.line.hears(PERSON_HZ), person.line.hears(CALLER_HZ))
        answer = await s.agent.expect("refer.answered", final=True)
        assert answer["code"] == 200
        assert len(person.line.heard[BRIEFING_HZ]) * FRAME_S > 0.3
        assert not call.line.heard[BRIEFING_HZ]
        started = await s.agent.expect("consultation.calling")
        invite = person.invite
        assert invite is not None
        assert decode_user_to_user(invite.one("User-to-User")) == started["handover_id"]
        context = ("Call", "Topic", "Language", "Anger")
        told = [invite.one(f"X-VoiceAgent-{name}") for name in context]
        assert told == ["call-1", "billing", "en", "0.80"]


@either_way
async def test_a_busy_person_is_followed_by_the_next_one(asterisk: Asterisk, way: Way) -> None:
    async with scene(asterisk, way) as s:
        s.people[0].answering = lambda call: call.answer(486)
        call = await s.call(0)
        await s.hand_over("6001", "6002", briefing_s=0.5)
        assert await s.outcome() == "transferred"
        failed = await s.agent.expect("consultation.failed")
        assert (failed["target"], failed["code"]) == ("6001", 486)
        assert (await s.agent.expect("handover.completed"))["target"] == "6002"
        person = s.people[1].calls[0]
        await asyncio.gather(call.line.hears(SECOND_PERSON_HZ), person.line.hears(CALLER_HZ))


@either_way
async def test_a_caller_who_hangs_up_during_the_consultation_ends_the_ringing(
    asterisk: Asterisk, way: Way
) -> None:
    async with scene(asterisk, way) as s:
        s.people[0].answering = rings
        call = await s.call(0)
        await s.hand_over("6001", ring_s=30)
        await s.agent.expect("consultation.ringing")
        hung_up_at = time.monotonic()
        call.hang_up()
        await becomes(lambda: not s.people[0].present, "the ringing ended")
        assert time.monotonic() - hung_up_at < 2
        assert await s.outcome() == "caller gone"
        await s.legs_become(0)
        assert await s.agent_legs() == 0


async def test_a_phone_that_is_not_answered_stops_ringing_and_the_next_one_rings(
    asterisk: Asterisk,
) -> None:
    async with scene(asterisk, "registered") as s:
        s.people[0].answering = rings
        call = await s.call(0)
        await s.hand_over("6001", "6002", briefing_s=0.5, ring_s=1)
        await s.people[1].rang.wait()
        assert not s.people[0].present
        assert await s.outcome() == "transferred"
        assert (await s.agent.expect("handover.completed"))["target"] == "6002"
        await call.line.hears(SECOND_PERSON_HZ)


async def test_a_held_caller_hears_the_pbxs_music_and_when_nobody_answers_the_agent_again(
    asterisk: Asterisk,
) -> None:
    async with scene(asterisk) as s:
        s.people[0].answering = rings
        s.people[1].answering = lambda call: call.answer(486)
        call = await s.call(0)
        await s.hand_over("6001", "6002", ring_s=2)
        await call.line.hears(HOLD_TONE_HZ, frames=50)
        assert await s.outcome() == "nobody"
        await s.agent.expect("caller.resumed")
        await call.line.hears(BACK_HZ)
        await s.legs_become(2)
        assert not call.ended.is_set()
        assert await s.agent_legs() == 1
        # until the PBX has heeded the hold
        assert len(call.line.heard[MUSIC_HZ]) * FRAME_S < 0.3
