"""Calls to the agent as phones, PBXs and carriers conduct them, and requests beside calls."""

from __future__ import annotations

import asyncio

import pytest

from tests.telephony.conftest import Echo
from tests.telephony.wire import Dialog, Stream, Wire, sdp

pytestmark = [pytest.mark.call, pytest.mark.asyncio(loop_scope="session")]

RELAY, DTMF = "application/dtmf-relay", "application/dtmf"


# -- how a call begins ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "code", "answered"),
    [
        (["Require: 100rel, timer, replaces"], 200, ""),
        (["Require: precondition"], 420, "Unsupported: precondition"),
        (["Session-Expires: 600;refresher=uac", "Supported: timer"], 200, "refresher=uac"),
        (["x: 600;refresher=uas", "k: timer"], 200, "refresher=uas"),
        (["Session-Expires: 60", "Supported: timer"], 422, "Min-SE: 90"),
        (["Session-Expires: 3600", "Min-SE: 3600", "Supported: timer"], 200, "3600"),
        (["Replaces: nobody;to-tag=1;from-tag=2"], 481, "Warning"),
        (["Max-Forwards: 0"], 200, ""),
        (["Proxy-Require: sec-agree"], 200, ""),
        (["Contact: <tel:+4930123>"], 500, ""),
        (["Contact: <sip:127.0.0.1:9>"], 200, ""),
        (["X-Long: " + "y" * 2500], 200, ""),
        ([f"X-{number}: {number}" for number in range(120)], 200, ""),
    ],
)
async def test_what_an_invite_asks_for(
    echo: Echo, headers: list[str], code: int, answered: str
) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        response = await call.call(stream, headers=headers)
        assert response.code == code
        assert answered in response.text
        if code == 200:
            await call.bye()
        else:
            assert (await echo.tells("log", line="invite.refused", code=str(code)))["mend"]


async def test_a_provisional_answer_is_acknowledged_where_the_caller_requires_it(
    echo: Echo,
) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address, user="ring-prack")
        call.send("INVITE", ["Require: 100rel"], sdp(stream.port))
        ringing = await call.answer(180)
        invite, call.remote = call.cseq, ringing.one("To")
        rack = f"RAck: {ringing.one('RSeq')} {invite} INVITE"
        assert (await call.ask("PRACK", [rack])).code == 200
        await echo.do("answer", call="ring-prack")
        call.ack(await call.answer(200))
        assert (await call.bye()).code == 200


async def test_a_cancel_ends_a_call_that_rings(echo: Echo) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address, user="ring-cancel")
        call.send("INVITE", [], sdp(stream.port))
        await call.answer(180)
        call.send("CANCEL", cseq=1, branch=call.branch)
        codes = {(await call.answer()).code, (answer := await call.answer()).code}
        assert codes == {200, 487}
        call.ack(answer)
    assert (await echo.tells("Ended", call="ring-cancel"))["code"] == 487


async def test_a_cancel_that_crosses_the_answer_changes_nothing(echo: Echo) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        call.send("INVITE", [], sdp(stream.port))
        answer = await call.answer(200)
        late = Dialog(wire, echo.address, call_id=call.call_id, tag=call.tag)
        late.send("CANCEL", cseq=1, branch=call.branch)
        assert (await late.answer(200)).method == "CANCEL"
        call.ack(answer)
        await stream.follow(answer.body).echoed(800)
        assert (await call.bye()).code == 200


async def test_an_invite_sent_twice_is_one_call(echo: Echo) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        text = call.send("INVITE", [], sdp(stream.port))
        wire.send(text, echo.address)
        first = await call.answer(200)
        wire.send(text, echo.address)
        assert (await call.answer(200)).one("To") == first.one("To")
        call.ack(first)
        assert (await call.bye()).code == 200
    assert len([event for event in echo.told("incoming") if event["call"] == "echo"]) == 1


async def test_the_same_invite_by_two_ways_is_taken_once(echo: Echo) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address, user="ring-merged")
        call.send("INVITE", [], sdp(stream.port))
        await call.answer(180)
        merged = Dialog(wire, echo.address, call.user, call.call_id, call.tag)
        assert (await merged.ask("INVITE", body=sdp(stream.port))).code == 482
        call.send("CANCEL", cseq=1, branch=call.branch)
        codes = {(await call.answer()).code, (answer := await call.answer()).code}
        assert codes == {200, 487}
        call.ack(answer)


async def test_a_bye_may_come_before_the_ack(echo: Echo) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        call.send("INVITE", [], sdp(stream.port))
        await call.answer(200)
        assert (await call.bye()).code == 200


@pytest.mark.parametrize(
    "route", ["<sip:127.0.0.1:{0};lr;ftag=abc>", "<sip:127.0.0.1:{0};lr=on;nat=yes>"]
)
async def test_requests_take_the_recorded_route(echo: Echo, route: str) -> None:
    with Wire() as wire, Wire() as proxy, Stream() as stream:
        call = Dialog(wire, echo.address)
        recorded = route.format(proxy.port)
        answer = await call.call(stream, headers=[f"Record-Route: {recorded}"])
        assert str(proxy.port) in answer.one("Record-Route")
        await echo.do("hang up", call="echo")
        bye = await proxy.expect("BYE")
        assert str(proxy.port) in bye.one("Route")
        call.respond(bye, 200)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Via:", "v:"),
        ("From: ", "From:\r\n   "),
        ("\r\n", "\n"),
        ("Content-Length: ", "l:"),
        ("Max-Forwards: 70\r\n", ""),
    ],
)
async def test_headers_are_read_in_every_form(echo: Echo, old: str, new: str) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        wire.send(call.text("INVITE", body=sdp(stream.port)).replace(old, new), echo.address)
        answer = await call.answer(200)
        call.ack(answer)
        await stream.follow(answer.body).echoed(800)
        await call.bye()


async def test_a_name_that_is_no_utf_8_is_read_and_can_be_written_down(echo: Echo) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address, sender='"JURGEN" <sip:100@x>')
        text = call.text("INVITE", body=sdp(stream.port)).encode()
        wire.send(text.replace(b"JURGEN", b"J\xfcrgen"), echo.address)
        call.ack(await call.answer(200))
        await call.bye()
    facts = (await echo.tells("incoming", call="echo"))["facts"]
    assert facts["caller_name"].encode() == "Jürgen".encode()


# -- what changes while it lasts -------------------------------------------------------------------


async def test_every_way_of_holding_is_seen_and_taken_back(echo: Echo) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        await call.call(stream)
        holds = [{"connection": "c=IN IP4 0.0.0.0"}, {"session": ["a=sendonly"]}]
        version = 1
        for media, more in (
            (("a=sendonly",), {}),
            (("a=inactive",), {}),
            *(((), h) for h in holds),
        ):
            for method in ("INVITE", "UPDATE"):
                echo.mark()
                held = sdp(stream.port, *media, version=version + 1, **more)  # type: ignore[arg-type]
                assert (await call.ask(method, body=held)).code == 200
                await echo.tells("PutOnHold", on=True)
                version += 2
                answer = await call.ask(method, body=sdp(stream.port, version=version))
                await echo.tells("PutOnHold", on=False)
        await stream.follow(answer.body).echoed(800)
        await call.bye()


async def test_a_hold_in_the_ack_is_seen(echo: Echo) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        await call.call(stream)
        for version, way, on in ((2, "sendonly", True), (3, "sendrecv", False)):
            call.send("INVITE")
            answer = await call.answer(200)
            call.ack(answer, sdp(stream.port, f"a={way}", version=version))
            await echo.tells("PutOnHold", on=on)
        await stream.follow(answer.body).echoed(800)
        await call.bye()


async def test_a_video_that_is_switched_off_is_no_hold(echo: Echo) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        await call.call(stream)
        video = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=inactive\r\n"
        answer = await call.ask("INVITE", body=sdp(stream.port, version=2) + video)
        await stream.follow(answer.body).echoed(800)
        await call.bye()
    assert not echo.told("PutOnHold")


async def test_codec_and_address_may_change_and_what_cannot_be_done_changes_nothing(
    echo: Echo,
) -> None:
    with Wire() as wire, Stream() as stream, Stream() as other:
        call = Dialog(wire, echo.address)
        await call.call(stream)
        answer = await call.call(other, formats="8", version=2)
        await other.follow(answer.body).echoed(800, kind=8, alaw=True)
        answer = await call.call(stream, version=3)
        await stream.follow(answer.body).echoed(1000)
        for body in (sdp(stream.port, formats="18", version=4), sdp(0, version=5)):
            refused = await call.ask("INVITE", body=body)
            assert refused.code in (488, 500)
        stream.packets.clear()
        await stream.echoed(600)
        call.send("INVITE")
        call.ack(await call.answer(200))  # no answer to our offer: all stays as it was
        stream.packets.clear()
        await stream.echoed(1700)
        await call.bye()


async def test_a_pbx_may_probe_a_call_by_any_request(echo: Echo) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        await call.call(stream)
        for method in ("OPTIONS", "INFO", "UPDATE"):
            assert (await call.ask(method)).code == 200
        assert (await call.bye()).code == 200


@pytest.mark.parametrize(
    ("kind", "body", "key", "code"),
    [
        (RELAY, "Signal=5\r\nDuration=160\r\n", "5", 200),
        (RELAY, "Signal= * \r\nDuration= 160", "*", 200),
        (RELAY, "Signal=11\r\nDuration=160\r\n", "#", 200),
        (RELAY, "Duration=160\nsignal = 3\n", "3", 200),
        (RELAY, "Signal=1", "1", 200),  # would end the process inside the library
        (RELAY, "Signal=2\n", "2", 200),
        (RELAY, "Signal=hf", "", 400),
        (RELAY, "S", "", 400),
        (DTMF, "7", "7", 200),
        (DTMF, "10\r\n", "*", 200),
        (DTMF, "Signal=d", "D", 200),
        (DTMF, "flash", "", 400),
        ("application/vnd.example", "x", "", 415),
    ],
)
async def test_a_key_by_info(echo: Echo, kind: str, body: str, key: str, code: int) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        await call.call(stream)
        assert (await call.ask("INFO", body=body, kind=kind)).code == code
        if key:
            await echo.tells("Digit", digit=key)
        else:
            await echo.tells("log", line="info.unread")
        await call.bye()
    assert [event["digit"] for event in echo.told("Digit")] == [key] * bool(key)


async def test_within_a_call_a_text_is_taken_and_nothing_else(echo: Echo) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        await call.call(stream)
        assert (await call.ask("MESSAGE", body="hello", kind="text/plain")).code == 200
        assert (await call.ask("MESSAGE", body="<b>hello</b>", kind="text/html")).code == 415
        assert (await call.ask("REFER", ["Refer-To: <sip:x@example.com>"])).code == 603
        await echo.tells("Written", text="hello")
        await call.bye()


# -- beside calls ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "headers", "code"),
    [
        ("OPTIONS", ["User-Agent: friendly-scanner"], 200),
        ("SUBSCRIBE", ["Event: dialog"], 489),
        ("NOTIFY", ["Event: keep-alive"], 489),
        ("NOTIFY", ["Event: message-summary", "Subscription-State: active"], 200),
        ("PUBLISH", ["Event: presence"], 501),
        ("REGISTER", [], 501),
        ("REFER", ["Refer-To: <sip:x@example.com>"], 501),
        ("NEWFANGLED", [], 501),
        ("BYE", [], 481),
        ("INFO", [], 481),
        ("UPDATE", [], 481),
        ("PRACK", ["RAck: 1 1 INVITE"], 481),
        ("CANCEL", [], 481),
        ("UPDATE", ["To: <sip:echo@127.0.0.1>;tag=of-a-call-long-gone"], 481),
    ],
)
async def test_every_request_gets_an_answer(
    echo: Echo, method: str, headers: list[str], code: int
) -> None:
    with Wire() as wire:
        assert (await Dialog(wire, echo.address).ask(method, headers)).code == code


@pytest.mark.parametrize(("port", "code"), [(4000, 200), (0, 488)])
async def test_an_ack_without_the_tag_of_the_answer_is_passed_over(
    echo: Echo, port: int, code: int
) -> None:
    # The library would end the process.
    with Wire() as wire:
        call = Dialog(wire, echo.address)
        call.send("INVITE", body=sdp(port))
        answer = await call.answer(code)
        Dialog(wire, echo.address, call_id=call.call_id, tag=call.tag).send("ACK", cseq=1)
        Dialog(wire, echo.address).send("ACK")
        assert (await Dialog(wire, echo.address).ask("OPTIONS")).code == 200
        call.ack(answer)
        if code == 200:
            assert (await call.bye()).code == 200


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream"])
async def test_a_message_that_is_no_text_is_refused(echo: Echo, kind: str) -> None:
    with Wire() as wire:
        answer = await Dialog(wire, echo.address).ask("MESSAGE", body="hello", kind=kind)
        assert answer.code == 415
    await echo.tells("log", line="message.refused")
    assert not echo.told("page")


@pytest.mark.parametrize(
    ("old", "new", "header"),
    [
        ("Max-Forwards: 70", "Session-Expires: soon", "Session-Expires"),
        ("From: <", "From: <<", "From"),
        ("CSeq: 1", "CSeq: 99999999999", "CSeq"),
    ],
)
async def test_the_log_names_the_header_that_cannot_be_read(
    echo: Echo, old: str, new: str, header: str
) -> None:
    with Wire() as wire, Stream() as stream:
        text = Dialog(wire, echo.address).text("INVITE", body=sdp(stream.port))
        wire.send(text.replace(old, new, 1), echo.address)
        line = await echo.tells("log", line="message.unreadable")
    assert f"'{header}' header" in line["why"]
    assert line["source"] == f"127.0.0.1:{wire.port}"


async def test_garbage_and_keep_alives_are_passed_over(echo: Echo) -> None:
    with Wire() as wire:
        stray = (
            b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1"
        )
        stray += b"\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n"
        rubbish = (b"", b"\r\n", b"\r\n\r\n", b"\0" * 4, b"\xff" * 300, b"INVITE", b"A" * 60_000)
        rubbish += (
            b"INVITE sip:x SIP/2.0\r\n\r\n",
            b"SIP/2.0 200 OK\r\n\r\n",
            b"GET / HTTP/1.0\r\n\r\n",
        )
        for data in (*rubbish, b"OPTIONS sip:x@y SIP/2.0\r\n" * 50, stray):
            wire.send(data, echo.address)
            await asyncio.sleep(0)
        assert (await Dialog(wire, echo.address).ask("OPTIONS")).code == 200
