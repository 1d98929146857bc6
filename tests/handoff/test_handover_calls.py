"""Handovers between three of the project's own user agents; failures are in `rows`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest

from voiceagent.config import Sip
from voiceagent.simulation.phone_process import PhoneProcess, ScriptedProcess, together
from voiceagent.telephony.headers import decode_user_to_user

pytestmark = pytest.mark.call

_rtp_ports = count(30000, 40)


def sip(user: str) -> Sip:
    port = 30000 + next(_rtp_ports) % 20000
    return Sip(address="127.0.0.1", port=0, user=user, rtp_port_min=port, rtp_port_count=40)


class Scene:
    """A caller who is connected to the agent, and the people the agent may call."""

    def __init__(self, caller: PhoneProcess, people: list[PhoneProcess], agent: ScriptedProcess):
        self.caller, self.people, self.agent = caller, people, agent

    async def hand_over(self) -> None:
        await self.agent.do("hand over")

    async def outcome(self) -> str:
        return str((await self.agent.expect("outcome", timeout_s=30))["outcome"])

    async def legs_left(self) -> int:
        await self.agent.do("count")
        return int((await self.agent.expect("legs"))["count"])


@asynccontextmanager
async def scene(
    *answers: str, follow_refer: bool = True, handover: dict[str, Any] | None = None
) -> AsyncIterator[Scene]:
    people = [
        PhoneProcess(f"600{n}", sip(f"600{n}"), answer=answer)
        for n, answer in enumerate(answers, 1)
    ]
    caller = PhoneProcess("caller", sip("caller"), follow_refer=follow_refer)
    async with together(caller, *people):
        options = {
            "sip": sip("agent").model_dump(mode="json"),
            "handover": {"ring_s": 3, "refer_s": 4} | (handover or {}),
            "targets": [person.uri for person in people],
        }
        async with ScriptedProcess("agent", "tests.handoff.transferor", options) as agent:
            port = agent.events[0]["port"]
            await caller.do("call", to=f"sip:agent@127.0.0.1:{port}")
            await caller.expect("confirmed")
            yield Scene(caller, people, agent)


async def assert_they_hear_each_other(*phones: PhoneProcess) -> None:
    await asyncio.sleep(0.9)  # until both count as quiet
    seen = [len(phone.events) for phone in phones]
    for phone in phones:
        await phone.do("tone", hz=800, seconds=0.5)
    for phone, after in zip(phones, seen, strict=True):
        await phone.expect("voice", after=after, on=True)


async def test_caller_and_person_are_connected_with_the_context_and_the_agent_is_gone() -> None:
    async with scene("auto") as s:
        await s.hand_over()
        assert await s.outcome() == "transferred"
        await s.caller.expect("ended", leg=0)
        await assert_they_hear_each_other(s.caller, s.people[0])
        assert await s.legs_left() == 0
        context = (await s.people[0].expect("incoming"))["context"]
        started = await s.agent.expect("consultation.calling")
        assert decode_user_to_user(context["User-to-User"]) == started["handover_id"]
        assert context["X-VoiceAgent-Topic"] == "billing"
        assert context["X-VoiceAgent-Anger"] == "0.80"


async def test_a_caller_whose_phone_refuses_the_refer_is_joined_to_the_person_anyway() -> None:
    async with scene("auto", follow_refer=False) as s:
        await s.hand_over()
        answer = await s.agent.expect("refer.answered", final=True)
        assert answer["code"] == 603
        await s.agent.expect("handover.bridged")
        await assert_they_hear_each_other(s.caller, s.people[0])
        await asyncio.sleep(2.0)  # whoever hung up at once would be followed by the next
        await s.people[0].do("hang_up")
        assert await s.outcome() == "bridged"
        await s.caller.expect("ended")
        assert await s.legs_left() == 0
