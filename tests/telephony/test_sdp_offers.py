"""Offers of phones and PBXs of all kinds: what is taken is heard both ways, the rest refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.telephony.conftest import Echo
from tests.telephony.wire import Dialog, Stream, Wire, sdp
from voiceagent.telephony.headers import name_addr

pytestmark = [pytest.mark.call, pytest.mark.asyncio(loop_scope="session")]

EVENTS = "a=rtpmap:{0} telephone-event/8000"
CRYPTO = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
VIDEO = "m=video 9 RTP/AVP 96\r\na=rtpmap:96 H264/90000"
ICE = ("a=ice-ufrag:x", f"a=ice-pwd:{'y' * 24}", "a=candidate:1 1 UDP 1 127.0.0.1 9 typ host")
MULTIPART = 'multipart/mixed;boundary="b1"'
ISUP = "Content-Type: application/ISUP;version=itu-t92+\r\n\r\n\x01\x02"
RECORDING = "Content-Type: application/rs-metadata+xml\r\n\r\n<recording/>"

Offer = Callable[[int], str]


def offer(*media: str, **more: object) -> Offer:
    return lambda port: sdp(port, *media, **more)  # type: ignore[arg-type]


def changed(old: str, new: str) -> Offer:
    return lambda port: sdp(port).replace(old, new)


def parts(*others: str) -> Offer:
    """A body of several parts; the place of the offer is an empty one."""

    def body(port: int) -> str:
        offered = f"Content-Type: application/sdp\r\n\r\n{sdp(port)}"
        return "".join(f"--b1\r\n{part or offered}\r\n" for part in others) + "--b1--\r\n"

    return body


TAKEN: dict[str, Offer] = {
    "opus and G.722 first": offer(
        "a=rtpmap:111 opus/48000/2", "a=rtpmap:9 G722/8000", formats="111 9 0"
    ),
    "no rtpmap": offer(formats="0 8"),
    "AVPF": offer(profile="RTP/AVPF"),
    "rtcp-mux and ICE": offer("a=rtcp-mux", *ICE),
    "video and fax besides": lambda port: sdp(port) + f"{VIDEO}\r\nm=image 9 udptl t38\r\n",
    "video first": changed("m=audio", f"{VIDEO}\r\na=inactive\r\nm=audio"),
    "SRTP and plain": lambda port: (
        sdp(port, CRYPTO, profile="RTP/SAVP") + f"m=audio {port} RTP/AVP 0\r\n"
    ),
    "address in the media only": offer("c=IN IP4 127.0.0.1", connection=""),
    "LF line ends": changed("\r\n", "\n"),
    "no last line end": lambda port: sdp(port).rstrip(),
    "empty lines after": lambda port: sdp(port) + "\r\n\r\n",
    "no t=": changed("t=0 0\r\n", ""),
    "every line there is": changed(
        "t=0 0", "b=AS:64\r\nt=0 0\r\nr=7d 1h 0 25h\r\nz=0 0\r\nk=clear:x"
    ),
    "31 unknown codecs": offer(
        *(f"a=rtpmap:{n} X{n}/8000" for n in range(96, 127)),
        formats=" ".join(map(str, (*range(96, 127), 0))),
    ),
    "60 candidates": offer(*(f"a=candidate:{n} 1 UDP 1 192.0.2.1 9 typ host" for n in range(60))),
}
REFUSED: dict[str, tuple[Offer, int]] = {
    "G.729 only": (offer("a=rtpmap:18 G729/8000", formats="18"), 488),
    "keys only": (offer(EVENTS.format(101), formats="101"), 488),
    "SRTP only": (offer(CRYPTO, profile="RTP/SAVP"), 488),
    "WebRTC": (offer(profile="UDP/TLS/RTP/SAVPF"), 488),
    "no audio": (changed("m=audio", "m=video"), 488),
    "audio with port 0": (lambda port: sdp(0), 488),
    "IPv6 only": (offer(connection="c=IN IP6 ::1"), 488),
    "no address": (offer(connection=""), 400),
    "no format": (offer(formats=""), 400),
    "an empty s=": (changed("s=-", "s="), 400),
    "no SDP at all": (lambda port: "this is none\r\n", 400),
}


@pytest.mark.parametrize("name", TAKEN)
async def test_an_offer_is_taken_and_both_hear_with(echo: Echo, name: str) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        answer = await call.ask("INVITE", body=TAKEN[name](stream.port))
        assert answer.code == 200
        await stream.follow(answer.body).echoed(800)
        assert (await call.bye()).code == 200


@pytest.mark.parametrize("ptime_ms", [10, 30, 40, 60])
async def test_packets_are_as_long_as_the_other_side_asks(echo: Echo, ptime_ms: int) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        answer = await call.call(stream, f"a=ptime:{ptime_ms}")
        await stream.follow(answer.body).echoed(800, ptime_ms=ptime_ms)
        assert {len(packet.payload) for packet in stream.packets} == {ptime_ms * 8}
        await call.bye()


async def test_who_has_a_law_only_is_heard_and_hears(echo: Echo) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        answer = await call.call(stream, "a=rtpmap:8 PCMA/8000", formats="8")
        await stream.follow(answer.body).echoed(800, kind=8, alaw=True)
        await call.bye()


@pytest.mark.parametrize("kind", [96, 100, 110, 127])
async def test_keys_have_the_number_that_the_other_side_gives_them(echo: Echo, kind: int) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        answer = await call.call(stream, EVENTS.format(kind), formats=f"0 {kind}")
        assert EVENTS.format(kind) in answer.body
        stream.follow(answer.body).press("7", kind)
        await echo.tells("Digit", digit="7")
        await call.bye()


async def test_of_two_rates_of_keys_the_one_of_the_codec_is_taken(echo: Echo) -> None:
    rates = ("a=rtpmap:110 telephone-event/48000", EVENTS.format(126))
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        answer = await call.call(stream, *rates, formats="0 110 126")
        assert re.findall(r"a=rtpmap:(\d+) telephone-event/(\d+)", answer.body) == [("126", "8000")]
        await call.bye()


@pytest.mark.parametrize("name", REFUSED)
async def test_an_offer_is_refused_with_a_word_in_the_log(echo: Echo, name: str) -> None:
    body, code = REFUSED[name]
    with Wire() as wire, Stream() as stream:
        answer = await Dialog(wire, echo.address).ask("INVITE", body=body(stream.port))
    assert answer.code == code
    line = await echo.seen(
        lambda e: e.get("line") in ("invite.refused", "call.without_audio"), "word", timeout_s=10
    )
    assert echo.events[line]["mend"]


async def test_a_codec_that_is_not_there_is_named_in_the_warning(echo: Echo) -> None:
    with Wire() as wire:
        answer = await Dialog(wire, echo.address).ask("INVITE", body=sdp(4000, formats="18"))
        assert "codec" in answer.one("Warning")


@pytest.mark.parametrize("others", [("", ISUP), (ISUP, ""), ("", RECORDING), (RECORDING, "")])
async def test_an_offer_is_found_among_the_parts_of_a_body(
    echo: Echo, others: tuple[str, ...]
) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        answer = await call.ask("INVITE", body=parts(*others)(stream.port), kind=MULTIPART)
        await stream.follow(answer.body).echoed(800)
        await call.bye()


@pytest.mark.parametrize("kind", ["text/plain", MULTIPART])
async def test_a_body_without_an_offer_is_refused(echo: Echo, kind: str) -> None:
    body = "--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b1--\r\n"
    with Wire() as wire:
        answer = await Dialog(wire, echo.address).ask("INVITE", body=body, kind=kind)
        assert (answer.code, answer.one("Accept")) == (415, "application/sdp")


async def test_an_offer_of_ours_is_answered_in_the_ack(echo: Echo) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        call.send("INVITE")
        answer = await call.answer(200)
        assert {"0", "8"} <= set(re.findall(r"a=rtpmap:(\d+) PCM", answer.body))
        call.ack(answer, sdp(stream.port))
        await stream.follow(answer.body).echoed(800)
        await call.bye()


@pytest.mark.parametrize("answered", ["", sdp(4000, formats="18"), sdp(0)])
async def test_a_call_without_audio_is_not_kept(echo: Echo, answered: str) -> None:
    with Wire() as wire:
        call = Dialog(wire, echo.address)
        call.send("INVITE")
        call.ack(await call.answer(200), answered)
        bye = await wire.expect("BYE")
        assert "no audio" in bye.one("Reason")
        call.respond(bye, 200)
    assert (await echo.tells("Ended", call="echo"))["code"] == 488
    assert (await echo.tells("log", line="call.without_audio"))["mend"]
    assert not [event for event in echo.told("Confirmed") if event["call"] == "echo"]


@pytest.mark.parametrize(
    "held",
    [offer("a=sendonly"), offer("a=inactive"), offer(connection="c=IN IP4 0.0.0.0")],
    ids=["sendonly", "inactive", "no address"],
)
async def test_who_calls_on_hold_is_heard_once_they_take_it_off(echo: Echo, held: Offer) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        assert (await call.ask("INVITE", body=held(stream.port))).code == 200
        await echo.tells("PutOnHold", on=True)
        answer = await call.call(stream, version=2)
        await echo.tells("PutOnHold", on=False)
        await stream.follow(answer.body).echoed(800)
        await call.bye()


async def test_a_contact_on_another_transport_is_reached_over_udp(echo: Echo) -> None:
    with Wire() as wire, Stream() as stream:
        uri = f"<sip:tester@127.0.0.1:{wire.port};transport=tcp>"
        call = Dialog(wire, echo.address, sender=uri)
        await call.call(stream, headers=[f"Contact: {uri}"])
        await echo.do("hang up", call="echo")
        bye = await wire.expect("BYE")
        assert name_addr(f"<{bye.start.split()[1]}>")[1].endswith(";transport=udp")
        call.respond(bye, 200)
    await echo.tells("log", line="contact.not_udp")
