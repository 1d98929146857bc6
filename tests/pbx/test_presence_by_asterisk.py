"""Whether people are in a call, as a real Asterisk tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from asterisk import Asterisk
from scene import becomes, sip

from voiceagent.config.people import Person, Routing
from voiceagent.handoff.roster import Roster
from voiceagent.handoff.staff import Staff
from voiceagent.handoff.watching import Watch
from voiceagent.simulation.phone_process import PhoneProcess

pytestmark = [pytest.mark.pbx, pytest.mark.call]


def staff_of(presence: str) -> Staff:
    people = [
        Person.model_validate({"name": name, "target": target, "presence": presence})
        for name, target in (("anna", "6001"), ("nobody", "4711"))
    ]
    return Staff(Roster(people, (), {}, {"general": ("6001",)}), Routing(presence_every_s=2.0))


def presence(staff: Staff, target: str, wanted: str) -> Callable[[], bool]:
    return lambda: staff.state(target).presence == wanted


async def test_asterisk_tells_of_a_call_and_of_its_end(asterisk: Asterisk) -> None:
    staff = staff_of("dialog")
    anna = PhoneProcess("6001", sip(asterisk, asterisk.people["6001"]), answer="auto")
    async with anna:
        await anna.expect("registered")
        watch = Watch(staff, sip(asterisk, asterisk.agent), lambda t: f"sip:{t}@{asterisk.domain}")
        async with watch:
            await becomes(presence(staff, "6001", "available"), "seen as available")
            await becomes(presence(staff, "4711", "unknown"), "no hint for 4711")
            await asyncio.to_thread(asterisk.cli, "channel originate PJSIP/6001 application Echo")
            await anna.expect("confirmed")
            await becomes(presence(staff, "6001", "busy"), "seen as busy")
            await anna.do("hang_up")
            await becomes(presence(staff, "6001", "available"), "seen as available again")


async def test_asterisk_answers_options_for_whom_it_knows(asterisk: Asterisk) -> None:
    staff = staff_of("options")
    watch = Watch(staff, sip(asterisk, asterisk.agent), lambda t: f"sip:{t}@{asterisk.domain}")
    async with watch:
        await becomes(presence(staff, "6001", "available"), "an extension that exists")
        await becomes(presence(staff, "4711", "unreachable"), "one that does not")
