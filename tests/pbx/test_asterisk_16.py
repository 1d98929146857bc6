"""The same configuration with Asterisk 16, the oldest that has all it needs."""

from __future__ import annotations

import asyncio
import re

import pytest
from asterisk import Asterisk
from scene import CALLER_HZ, SECOND_PERSON_HZ, TAKER_HZ, scene

from tests.handoff.matrix import becomes

pytestmark = [pytest.mark.pbx, pytest.mark.call]


def test_the_users_configuration_loads_without_a_complaint(asterisk16: Asterisk) -> None:
    assert asterisk16.cli("core show version").startswith("Asterisk 16.")
    assert re.findall(r".*(?:WARNING|ERROR)\[.*", asterisk16.log.read_text()) == []


async def test_a_busy_person_is_followed_by_another_who_gets_the_context_and_the_caller(
    asterisk16: Asterisk,
) -> None:
    async with scene(asterisk16) as s:
        s.people[0].answering = lambda call: call.answer(486)
        call = await s.call(0)
        await s.agent.do("hand over", targets=["6001", "6002"], briefing_s=0.4)
        outcome = await s.agent.expect("outcome", timeout_s=20)
        assert outcome["outcome"] == "transferred"
        other = s.people[1].calls[0]
        await asyncio.gather(call.line.hears(SECOND_PERSON_HZ), other.line.hears(CALLER_HZ))
        assert other.invite is not None
        assert other.invite.one("X-VoiceAgent-Topic") == "billing"
        assert other.invite.all("User-to-User")
        await s.agent.do("count")
        assert (await s.agent.expect("legs"))["count"] == 0


async def test_who_hangs_up_takes_the_ringing_with_them_and_whom_the_agent_leaves_gets_a_person(
    asterisk16: Asterisk,
) -> None:
    async with scene(asterisk16) as s:
        s.people[0].answering = lambda call: call.answer(180)
        call = await s.call(0)
        await s.hand_over("6001", ring_s=30)
        await s.people[0].rang.wait()
        call.hang_up()
        await becomes(lambda: not s.people[0].present, "no phone for nobody", 5.0)
        assert (await s.agent.expect("outcome"))["outcome"] == "caller gone"
        left = await s.call(1)
        s.agent.kill()
        await left.line.hears(TAKER_HZ, 15.0)
