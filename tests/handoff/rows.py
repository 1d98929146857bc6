"""The rows of the failure matrix between SIP peers: what people, callers and PBXs may do."""

from __future__ import annotations

import asyncio

from tests.handoff.matrix import BRIEFING_HZ, MUSIC_HZ, Scene, becomes, row
from tests.handoff.peer import Answering, Call, Referred, follow, notify
from tests.handoff.tones import speech
from tests.pbx.rawsip import Message, proof


def refuses(code: int) -> Answering:
    return lambda call: call.answer(code)


def rings(call: Call) -> None:
    call.answer(180)


def rings_first(seconds: float) -> Answering:
    async def answer(call: Call) -> None:
        call.answer(180)
        await asyncio.sleep(seconds)
        if not call.ended.is_set():
            call.answer(200)

    return answer


async def hand_over(scene: Scene) -> None:
    await scene.hand_over()


async def person(scene: Scene, place: int = 0) -> Call:
    """A person's call, once it has come."""
    async with asyncio.timeout(10):
        await scene.people[place].rang.wait()
    return scene.people[place].calls[0]


# -- what people do -----------------------------------------------------------------------------

row("nothing goes wrong", "with a person", "transferred")(hand_over)
for what, code in {
    "is busy (486)": 486,
    "declines (603)": 603,
    "is not registered (480)": 480,
    "does not exist (404)": 404,
    "has a phone that fails (500)": 500,
}.items():
    row(f"the person {what}", "with a person", "transferred", refuses(code), None)(hand_over)
row("the person does not answer", "with a person", "transferred", rings, None)(hand_over)
row("the person answers after ringing", "with a person", "transferred", rings_first(1.0))(hand_over)
row("nobody answers", "with the agent", "nobody", refuses(486), rings)(hand_over)


@row("the person's phone cannot be reached", "with a person", "transferred", None, None, long=True)
async def _(s: Scene) -> None:
    s.people[0].is_cut = True
    await s.hand_over(ring_s=30)  # given up before that


@row("the person hangs up during the briefing", "with a person", "transferred", None, None)
async def _(s: Scene) -> None:
    await s.hand_over()
    call = await person(s)
    await call.line.hears(BRIEFING_HZ)
    call.hang_up()


@row("the person declines during the briefing by key", "with a person", "transferred", None, None)
async def _(s: Scene) -> None:
    await s.hand_over(briefing_s=5)
    call = await person(s)
    await call.line.hears(BRIEFING_HZ)
    call.line.press("2")
    await s.event("consultation.failed", reason="declined by key")


@row("the person takes the call by key, cutting the briefing", "with a person", "transferred")
async def _(s: Scene) -> None:
    await s.hand_over(accept="key", briefing_s=30)
    call = await person(s)
    await call.line.hears(BRIEFING_HZ)
    call.line.press("1")


@row("the person takes the call by speaking", "with a person", "transferred")
async def _(s: Scene) -> None:
    await s.hand_over(accept="speech")


@row("voicemail answers and presses no key", "with a person", "transferred", None, None)
async def _(s: Scene) -> None:
    await s.hand_over(accept="key", briefing_s=1.5)
    await s.event("consultation.failed", reason="not accepted in time")
    call = await person(s, 1)
    await call.line.hears(BRIEFING_HZ)
    call.line.press("1")


@row("the person hangs up as the REFER goes", "with a person", "transferred", None, None)
async def _(s: Scene) -> None:
    usual = s.caller.referred
    first = s.people[0]

    async def referred(call: Call, refer: Message) -> None:
        if first.present:
            first.calls[0].hang_up()
        await usual(call, refer)  # type: ignore[misc]

    s.caller.referred = referred
    await s.hand_over()


@row("an announcement answers and talks on", "with a person", "transferred", None, None)
async def _(s: Scene) -> None:
    s.people[0].says = speech(3.0)
    await s.hand_over(announcement_s=1, briefing_s=6)
    await s.event("consultation.failed", reason="an announcement answered")
    call = await person(s, 1)
    await call.line.hears(BRIEFING_HZ)
    call.line.press("1")


# -- what becomes of the REFER ------------------------------------------------------------------


def answers(code: int) -> Referred:
    return lambda call, refer: call.peer.respond(refer, code)


def tells(code: int) -> Referred:
    def referred(call: Call, refer: Message) -> None:
        call.peer.respond(refer, 202)
        notify(call, 100)
        notify(call, code)

    return referred


async def bridged(scene: Scene) -> None:
    await scene.hand_over()
    await scene.event("handover.bridged")


for code in (403, 405, 501, 603):
    what = f"the REFER is refused ({code})"
    row(what, "with a person", "bridged", referred=answers(code))(bridged)
what = "the REFER is accepted, and silence"
row(what, "with a person", "bridged", referred=answers(202))(bridged)
for code in (404, 488, 503):
    what = f"the transfer fails (NOTIFY {code})"
    row(what, "with a person", "bridged", referred=tells(code))(bridged)


def challenges(code: int) -> Referred:
    """Asks for a password that only a digest can show."""
    header = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
    given = "Authorization" if code == 401 else "Proxy-Authorization"

    async def referred(call: Call, refer: Message) -> None:
        if not refer.all(given):
            asked = f'{header}: Digest realm="pbx", nonce="abc", algorithm=MD5'
            call.peer.respond(refer, code, headers=[asked])
            return
        uri = refer.start.split()[1]
        wanted = proof("agent", "pbx", "secret", "REFER", uri, "abc")
        if f'response="{wanted}"' in refer.one(given):
            await follow(call, refer)
        else:
            call.peer.respond(refer, 403)

    return referred


for code in (401, 407):
    row(
        f"the REFER is challenged ({code})",
        "with a person",
        "transferred",
        referred=challenges(code),
    )(hand_over)


def nothing(call: Call, code: int) -> None:
    """No NOTIFY."""


def leaves(*, tells_afterwards: bool) -> Referred:
    """Connects both and hangs up on the agent, then tells it, or does not."""

    async def referred(call: Call, refer: Message) -> None:
        await follow(call, refer, tell=nothing)
        call.request("BYE")
        if tells_afterwards:
            notify(call, 200)
        call.end(200)

    return referred


row(
    "the legs end before the NOTIFY", "with a person", "transferred",
    referred=leaves(tells_afterwards=True),
)(hand_over)  # fmt: skip
row(
    "the legs end and no NOTIFY comes", "with a person", "transferred",
    referred=leaves(tells_afterwards=False),
)(hand_over)  # fmt: skip


async def puts_the_agent_aside(call: Call, refer: Message) -> None:
    """Connects both with the agent on hold, and tells nothing that can be read."""
    call.hold()
    await follow(call, refer, tell=nothing)


row(
    "the caller's phone puts the agent on hold for the person, and silence", "with a person",
    "transferred", referred=puts_the_agent_aside,
)(hand_over)  # fmt: skip


@row(
    "the REFER is accepted, the person's leg ends, and silence", "with the agent", "unknown",
    referred=answers(202),
)  # fmt: skip
async def _(s: Scene) -> None:
    await s.hand_over()
    await s.event("refer.sent")
    await asyncio.sleep(0.3)
    s.people[0].calls[0].hang_up()


# -- what the caller does -----------------------------------------------------------------------


@row("the caller hangs up while a phone rings", "gone", "caller gone", rings)
async def _(s: Scene) -> None:
    await s.hand_over(ring_s=30)
    await person(s)
    s.call.hang_up()


@row("the caller hangs up during the briefing", "gone", "caller gone")
async def _(s: Scene) -> None:
    await s.hand_over(briefing_s=30)
    await (await person(s)).line.hears(BRIEFING_HZ)
    s.call.hang_up()


@row("the caller hangs up while the person is asked", "gone", "caller gone")
async def _(s: Scene) -> None:
    await s.hand_over(accept="key", accept_s=30)
    await s.event("briefing.spoken")
    s.call.hang_up()


@row("the caller hangs up as the REFER goes", "gone", "caller gone", referred=answers(202))
async def _(s: Scene) -> None:
    await s.hand_over()
    await s.event("refer.sent")
    s.call.hang_up()


@row("the caller hangs up while bridged", "gone", "bridged")
async def _(s: Scene) -> None:
    await s.hand_over(way="bridged")
    await s.talk()
    s.call.hang_up()


@row("the caller is on mute until a person is there", "with a person", "transferred")
async def _(s: Scene) -> None:
    s.call.muted = True
    await s.hand_over(briefing_s=2)


@row("the caller presses keys at every stage", "with a person", "transferred", rings_first(0.3))
async def _(s: Scene) -> None:
    await s.hand_over(briefing_s=0.8)
    call = await person(s)
    for key in "50*#":
        s.call.line.press(key)
    await call.line.hears(BRIEFING_HZ)
    s.call.line.press("6")
    # Who is on hold sends no audio, and no RFC 4733; INFO comes all the same.
    s.call.request("INFO", ["Content-Type: application/dtmf-relay"], "Signal=7\r\nDuration=99\r\n")
    await s.event("dtmf.received", digit="7")


@row("the caller puts the agent on hold while a phone rings", "with a person", "transferred",
     rings_first(0.6))  # fmt: skip
async def _(s: Scene) -> None:
    await s.hand_over()
    await person(s)
    s.call.hold()


@row("the caller puts the agent on hold during the briefing", "with a person", "transferred")
async def _(s: Scene) -> None:
    await s.hand_over(briefing_s=1)
    await (await person(s)).line.hears(BRIEFING_HZ)
    s.call.hold()


@row("the caller holds the bridged call and comes back", "with a person", "bridged")
async def _(s: Scene) -> None:
    await s.hand_over(way="bridged")
    await s.talk()
    s.call.hold()
    await asyncio.sleep(0.5)
    s.call.hold(on=False)


# -- the ways of handing over -------------------------------------------------------------------


@row("a held caller hears music", "with a person", "transferred", rings_first(1.0))
async def _(s: Scene) -> None:
    await s.hand_over()
    await s.call.line.hears(MUSIC_HZ)
    await s.call.held.wait()


@row("bridged by setting", "with a person", "bridged")
async def _(s: Scene) -> None:
    await s.hand_over(way="bridged")
    await s.talk()
    assert not any(event["event"] == "refer.sent" for event in s.events)


@row("the bridged person hangs up", "gone", "bridged")
async def _(s: Scene) -> None:
    await s.hand_over(way="bridged")
    await s.talk()
    await asyncio.sleep(2.1)
    s.people[0].calls[0].hang_up()
    await s.call.ended.wait()


@row("the bridged person hangs up at once", "with a person", "bridged", None, None)
async def _(s: Scene) -> None:
    await s.hand_over(way="bridged")
    await s.event("handover.bridged")
    s.people[0].calls[0].hang_up()


@row("the bridged person gives the caller back", "with the agent", "returned")
async def _(s: Scene) -> None:
    await s.hand_over(way="bridged")
    await s.talk()
    s.people[0].calls[0].line.press("*")


@row("the bridged caller's keys reach the person", "with a person", "bridged")
async def _(s: Scene) -> None:
    await s.hand_over(way="bridged")
    await s.talk()
    s.call.line.press("7")
    await becomes(lambda: s.people[0].calls[0].line.keys == ["7"], "the key pressed")


@row("conference: the agent introduces both and leaves", "with a person", "transferred")
async def _(s: Scene) -> None:
    await s.hand_over(way="conference")
    await s.event("handover.bridged")
    await s.event("handover.completed")


@row("conference the agent cannot leave", "with a person", "bridged", referred=answers(603))
async def _(s: Scene) -> None:
    await s.hand_over(way="conference")
    await s.event("refer.answered", final=True)


@row("blind, and the person answers", "with a person", "transferred")
async def _(s: Scene) -> None:
    await s.hand_over(way="blind")
    assert not s.people[0].calls


@row("blind, and the person is busy", "with a person", "transferred", refuses(486), None)
async def _(s: Scene) -> None:
    await s.hand_over(way="blind")


@row("blind, and nobody is there", "with the agent", "nobody", refuses(486))
async def _(s: Scene) -> None:
    await s.hand_over(way="blind")


@row("the context in Refer-To, to the Contact", "with a person", "transferred")
async def _(s: Scene) -> None:
    await s.hand_over(refer_to="contact", refer_context=True)
    await s.talk()
    invite = s.people[0].calls[-1].invite
    assert invite is not None
    first = s.people[0].calls[0].invite
    assert first is not None
    assert invite.one("User-to-User") == first.one("User-to-User")
    assert invite.all("Referred-By")
    assert invite.one("Require") == "replaces"


# -- the network --------------------------------------------------------------------------------


@row("the caller's leg is cut for 5 s while a phone rings", "with a person", "transferred",
     rings_first(1.0), long=True)  # fmt: skip
async def _(s: Scene) -> None:
    await s.hand_over(ring_s=20, refer_s=10)
    await person(s)
    await s.caller.cut(5)


@row(
    "the person's leg is cut for 5 s during the briefing", "with a person", "transferred", long=True
)
async def _(s: Scene) -> None:
    await s.hand_over(refer_s=10)
    await (await person(s)).line.hears(BRIEFING_HZ)
    await s.people[0].cut(5)


@row(
    "the person's leg is cut for 5 s while it is called", "with a person", "transferred", long=True
)
async def _(s: Scene) -> None:
    s.people[0].is_cut = True
    await s.hand_over(ring_s=20)
    await s.people[0].cut(5)


@row("both legs are cut for 5 s while bridged", "with a person", "bridged", long=True)
async def _(s: Scene) -> None:
    await s.hand_over(way="bridged")
    await s.talk()
    await asyncio.gather(s.caller.cut(5), s.people[0].cut(5))
