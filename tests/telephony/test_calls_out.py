"""Calls of the agent to people whose phones and PBXs answer in every way there is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.pbx.rawsip import Message
from tests.telephony.conftest import Echo
from tests.telephony.wire import HOST, Dialog, Stream, Wire, sdp

pytestmark = [pytest.mark.call, pytest.mark.asyncio(loop_scope="session")]


@dataclass
class Called:
    """A phone that the agent has called."""

    echo: Echo
    wire: Wire
    stream: Stream
    invite: Message

    def answer(
        self, code: int, headers: Sequence[str] = (), body: str = "", tag: str = "one"
    ) -> None:
        """Answer the INVITE."""
        Dialog(self.wire, self.echo.address).respond(self.invite, code, headers, body, tag)

    @property
    def audio(self) -> str:
        return sdp(self.stream.port)

    async def ok(self, method: str) -> Message:
        """Wait for a request and answer it with 200."""
        request = await self.wire.expect(method)
        if method != "ACK":
            Dialog(self.wire, self.echo.address).respond(request, 200)
        return request

    async def end(self) -> None:
        await self.echo.do("hang up", call="person")
        await self.ok("BYE")

    async def ended(self) -> int:
        return int((await self.echo.tells("Ended", call="person"))["code"])


@pytest_asyncio.fixture(loop_scope="session")
async def called(echo: Echo) -> AsyncIterator[Called]:
    with Wire() as wire, Stream() as stream:
        await echo.do("call", to=f"sip:person@{HOST}:{wire.port}", name="person")
        invite = await wire.expect("INVITE")
        yield Called(echo, wire, stream, invite)


async def test_every_provisional_answer_is_told_and_early_media_is_no_answer(
    called: Called,
) -> None:
    for code in (181, 182, 180, 183, 199):
        called.answer(code)
        await called.echo.tells("Progress", code=code)
    called.answer(183, body=called.audio)
    assert not [e for e in called.echo.told("Confirmed") if e["call"] == "person"]
    called.answer(200, body=called.audio)
    await called.ok("ACK")
    await called.echo.tells("Confirmed", call="person")
    await called.end()


@pytest.mark.parametrize(
    "early",
    [
        sdp(4000, formats="18"),
        sdp(0),
        sdp(4000, connection="c=IN IP6 ::1"),
        sdp(4000).replace("s=-", "s="),
        sdp(4000, profile="RTP/SAVP"),
    ],
    ids=["codec", "port", "IPv6", "unreadable", "SRTP"],
)
async def test_early_media_that_cannot_be_heard_does_not_cost_the_call(
    called: Called, early: str
) -> None:
    # The library would give the call up, and end the process when the phone answers.
    called.answer(180)
    called.answer(183, body=early)
    assert (await called.echo.tells("log", line="early_media.unheard"))["mend"]
    called.answer(200, body=called.audio)
    await called.ok("ACK")
    await called.echo.tells("Confirmed", call="person")
    await called.end()


async def test_an_answer_may_leave_its_sdp_to_what_came_before(called: Called) -> None:
    called.answer(183, body=called.audio)
    called.answer(200)
    await called.ok("ACK")
    await called.echo.tells("Confirmed", call="person")
    await called.end()


async def test_provisional_answers_are_acknowledged_on_demand(called: Called) -> None:
    for number, body in ((1, ""), (2, called.audio)):
        called.answer(183, ["Require: 100rel", f"RSeq: {number}"], body)
        assert (await called.ok("PRACK")).one("RAck").startswith(f"{number} ")
    called.answer(200)
    await called.ok("ACK")
    await called.end()


@pytest.mark.parametrize(
    "body", ["", sdp(4000, formats="18"), sdp(0), sdp(4000, connection="c=IN IP6 ::1")]
)
async def test_who_answers_without_audio_is_left_again(called: Called, body: str) -> None:
    called.answer(200, body=body)
    await called.ok("ACK")
    await called.ok("BYE")
    assert await called.ended() in (406, 488)
    assert not [e for e in called.echo.told("Confirmed") if e["call"] == "person"]


async def test_of_two_phones_that_answer_one_is_kept(called: Called) -> None:
    called.answer(180, tag="two")
    called.answer(200, body=called.audio, tag="one")
    called.answer(200, body=called.audio, tag="two")
    acknowledged = {
        (await called.ok("ACK")).one("To")[-3:],
        (await called.ok("ACK")).one("To")[-3:],
    }
    assert acknowledged == {"one", "two"}
    assert (await called.ok("BYE")).one("To").endswith("tag=two")
    await called.end()


async def test_a_call_is_not_sent_on_to_where_a_phone_redirects_it(called: Called) -> None:
    with Wire() as other:
        called.answer(302, [f"Contact: <sip:other@{HOST}:{other.port}>"])
        assert await called.ended() == 302


async def test_an_answer_that_crosses_our_cancel_is_ended(called: Called) -> None:
    called.answer(180)
    await called.echo.tells("Progress", code=180)
    await called.echo.do("hang up", call="person")
    cancel = await called.wire.expect("CANCEL")
    called.answer(200, body=called.audio)
    Dialog(called.wire, called.echo.address).respond(cancel, 200)
    await called.ok("ACK")
    await called.ok("BYE")


async def test_a_longer_session_is_agreed_on(called: Called) -> None:
    called.answer(422, ["Min-SE: 3600"])
    await called.ok("ACK")
    called.invite = await called.wire.expect("INVITE")
    assert called.invite.one("Session-Expires").startswith("3600")
    accepted = ["Require: timer", "Session-Expires: 3600;refresher=uac"]
    called.answer(200, accepted, called.audio)
    await called.ok("ACK")
    await called.end()


@pytest.mark.parametrize("code", [415, 420, 486, 503, 600])
async def test_a_refusal_is_told_by_its_code(called: Called, code: int) -> None:
    called.answer(code, ["Unsupported: timer", "Retry-After: 5"])
    assert await called.ended() == code


async def test_a_reason_that_is_no_utf_8_can_be_written_down(called: Called) -> None:
    kept = [f"{name}: {called.invite.one(name)}" for name in ("Via", "From", "Call-ID", "CSeq")]
    lines = ["SIP/2.0 486 besetzt \xfcber", *kept, f"To: {called.invite.one('To')};tag=1", "", ""]
    called.wire.send("\r\n".join(lines).encode("latin-1"), called.echo.address)
    reason = (await called.echo.tells("Ended", call="person"))["reason"]
    assert reason.encode() == "besetzt über".encode()


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_an_answer_from_behind_another_transport_is_acknowledged_over_udp(
    called: Called, transport: str
) -> None:
    # The library would end the process, since it cannot send the ACK.
    contact = f"Contact: <sip:t@{HOST}:{called.wire.port};transport={transport}>"
    called.answer(200, [contact], called.audio)
    await called.ok("ACK")
    await called.end()


async def test_an_answer_that_cannot_be_acknowledged_is_as_none(called: Called) -> None:
    called.answer(200, ["Contact: <tel:+4930123>"], called.audio)
    line = await called.echo.tells("log", line="contact.not_udp")
    assert line["mend"]
    await called.echo.do("hang up", call="person")
    called.answer(487)
    assert await called.ended() == 487


async def test_keys_and_routes_are_those_of_the_answer(called: Called) -> None:
    with Wire() as proxy:
        route = f"Record-Route: <sip:{HOST}:{proxy.port};lr=on;ftag=x>"
        events = "a=rtpmap:96 telephone-event/8000"
        called.answer(200, [route], sdp(called.stream.port, events, formats="0 96"))
        assert str(proxy.port) in (await proxy.expect("ACK")).one("Route")
        number = int(called.invite.body.partition(" telephone-event")[0].rpartition(":")[2])
        called.stream.follow(called.invite.body).press("6", number)
        await called.echo.tells("Digit", digit="6")
        await called.echo.do("hang up", call="person")
        Dialog(proxy, called.echo.address).respond(await proxy.expect("BYE"), 200)
