"""Attended transfers through a real Asterisk: an agent without speech, phones of their own."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from asterisk import HOLD_TONE_HZ, Asterisk
from scene import CALLER_HZ, PERSON_HZ, Way, scene, talk

from tests.handoff.transferor import BACK_HZ, BRIEFING_HZ, MUSIC_HZ
from voiceagent.telephony.headers import decode_user_to_user

pytestmark = [pytest.mark.pbx, pytest.mark.call]

either_way = pytest.mark.parametrize("way", ["registered", "trunk"])


@either_way
async def test_caller_and_person_hear_each_other_and_the_agent_is_gone(
    asterisk: Asterisk, tmp_path: Path, way: Way
) -> None:
    async with scene(asterisk, tmp_path, way, "auto") as s:
        await s.hand_over()
        assert await s.outcome() == "transferred"
        await s.legs_become(2)
        assert await s.agent_legs() == 0
        await talk(s.caller, s.people[0])
        assert s.asterisk.channels() == 2
        context = (await s.people[0].expect("incoming"))["context"]
        started = await s.agent.expect("consultation.calling")
        answer = await s.agent.expect("refer.answered", final=True)
    assert answer["code"] == 200
    assert decode_user_to_user(context.pop("User-to-User")) == started["handover_id"]
    assert context == {
        "X-VoiceAgent-Call": "call-1",
        "X-VoiceAgent-Topic": "billing",
        "X-VoiceAgent-Language": "en",
        "X-VoiceAgent-Anger": "0.80",
    }
    caller_heard, person_heard = s.heard(s.caller), s.heard(s.people[0])
    assert caller_heard.seconds_of(PERSON_HZ) > 1.0
    assert person_heard.seconds_of(CALLER_HZ) > 1.0
    assert person_heard.seconds_of(BRIEFING_HZ) > 0.3
    assert caller_heard.seconds_of(BRIEFING_HZ) == 0


@either_way
async def test_a_busy_person_is_followed_by_the_next_one(
    asterisk: Asterisk, tmp_path: Path, way: Way
) -> None:
    async with scene(asterisk, tmp_path, way, "486", "auto") as s:
        await s.hand_over()
        assert await s.outcome() == "transferred"
        failed = await s.agent.expect("consultation.failed")
        assert (failed["target"], failed["code"]) == ("6001", 486)
        assert (await s.agent.expect("handover.completed"))["target"] == "6002"
        await s.legs_become(2)
        await talk(s.caller, s.people[1])
    assert s.heard(s.caller).seconds_of(PERSON_HZ) > 1.0
    assert s.heard(s.people[1]).seconds_of(CALLER_HZ) > 1.0


@either_way
async def test_a_caller_who_hangs_up_during_the_consultation_ends_the_ringing(
    asterisk: Asterisk, tmp_path: Path, way: Way
) -> None:
    async with scene(asterisk, tmp_path, way, "ring", ring_s=30) as s:
        await s.hand_over()
        await s.agent.expect("consultation.ringing")
        hung_up_at = time.time()
        await s.caller.do("hang_up")
        ended = await s.people[0].expect("ended")
        assert ended["at"] - hung_up_at < 2
        assert await s.outcome() == "caller gone"
        await s.legs_become(0)
        assert await s.agent_legs() == 0


async def test_a_phone_that_is_not_answered_stops_ringing_and_the_next_one_rings(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    async with scene(asterisk, tmp_path, "registered", "ring", "auto") as s:
        await s.hand_over()
        rang = await s.people[0].expect("incoming")
        stopped = await s.people[0].expect("ended")
        assert stopped["at"] - rang["at"] < 5  # ring_s is 3
        assert await s.outcome() == "transferred"
        assert (await s.agent.expect("handover.completed"))["target"] == "6002"
        await s.legs_become(2)
        await talk(s.caller, s.people[1])
    assert s.heard(s.caller).seconds_of(PERSON_HZ) > 1.0
    assert s.heard(s.people[1]).seconds_of(CALLER_HZ) > 1.0


async def test_a_held_caller_hears_the_pbxs_music_and_when_nobody_answers_the_agent_again(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    async with scene(asterisk, tmp_path, "trunk", "ring", "486") as s:
        await s.hand_over()
        assert await s.outcome() == "nobody"
        await s.agent.expect("caller.resumed")
        await s.legs_become(2)
        assert not any(event["event"] == "ended" for event in s.caller.events)
        assert await s.agent_legs() == 1
    heard = s.heard(s.caller)
    assert heard.seconds_of(HOLD_TONE_HZ) > 1.5
    assert heard.seconds_of(MUSIC_HZ) < 0.3  # until the PBX has heeded the hold
    assert heard.seconds_of(BACK_HZ) > 0.3
