"""Linphone and baresip, called directly: as the caller who is referred, and as the person."""

from __future__ import annotations

from contextlib import AsyncExitStack

from phones import VOICE_HZ, Baresip, Linphone
from strangers import Stage, row

from tests.handoff.matrix import becomes
from tests.handoff.peer import Peer

PERSON_HZ = 1300


@row("Linphone is the caller: it calls the person itself, with Replaces", "transferred")
async def _(s: Stage) -> None:
    async with Peer("person", PERSON_HZ) as person:
        async with Linphone(s.root, s.folder / "phone") as phone:
            await phone.call(s.uri)
            await s.hand_over(person.uri)
            await s.event("handover.completed")
            invite = person.calls[-1].invite
            assert invite is not None
            assert invite.all("Replaces")
            assert person.calls[0].ended.is_set()
            await person.calls[-1].line.hears(VOICE_HZ, frames=50)
            await phone.hang_up()
            await becomes(lambda: not person.present, "the person's call ended")
        assert phone.heard(PERSON_HZ) > 0.5


@row("baresip is the caller: it does not know Replaces, so no REFER is sent", "bridged")
async def _(s: Stage) -> None:
    async with AsyncExitStack() as stack:
        person = await stack.enter_async_context(Peer("person", PERSON_HZ))
        phone = await stack.enter_async_context(Baresip(s.root, s.folder / "phone"))
        await phone.call(s.uri)
        await s.hand_over(person.uri)
        await s.event("handover.bridged")
        await person.calls[0].line.hears(VOICE_HZ, frames=50)
        await phone.hears()
        assert "refer.sent" not in s.told
        assert len(person.calls) == 1
        await phone.hang_up()
        await becomes(lambda: not person.present, "the person's call ended")


@row("baresip is the person: it refuses Replaces (420)", "bridged")
async def _(s: Stage) -> None:
    async with AsyncExitStack() as stack:
        caller = await stack.enter_async_context(Peer("caller", PERSON_HZ))
        phone = await stack.enter_async_context(Baresip(s.root, s.folder / "phone"))
        call = await caller.call(s.uri, s.address)
        await s.hand_over(phone.uri)
        await s.event("handover.bridged")
        await call.line.hears(VOICE_HZ, frames=50)
        await phone.hears()
        call.hang_up()
