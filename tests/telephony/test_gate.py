"""What is kept from the library, and what is answered in its place."""

from __future__ import annotations

import pytest

from voiceagent.telephony.gate import (
    can_be_heard,
    early_answer,
    mend,
    refusal,
    stray,
    unreachable,
    unwanted,
)


def answered(contact: str, *lines: str) -> str:
    head = ["SIP/2.0 200 OK", "CSeq: 1 INVITE", f"m: {contact}", *lines]
    return "\r\n".join([*head, "", ""])


@pytest.mark.parametrize(
    "contact",
    [
        "<sip:a@192.0.2.1:5060;transport=tcp>",
        "<sip:a@192.0.2.1;Transport=TLS;ob>;expires=60",
        "<sip:a@192.0.2.1;transport=sctp>",
        "<sips:a@192.0.2.1>",
        "<tel:+4930123>",
    ],
)
def test_a_contact_that_udp_does_not_reach_is_found(contact: str) -> None:
    assert unreachable(answered(contact)) == contact[1 : contact.index(">")]


@pytest.mark.parametrize(
    "message",
    [
        answered("<sip:a@192.0.2.1>"),
        answered("<sip:a@192.0.2.1;transport=UDP>"),
        answered("sip:a@192.0.2.1"),
        answered("<sip:a@192.0.2.1;transport=tls>", "Record-Route: <sip:192.0.2.2;lr>"),
        answered("<sip:a@192.0.2.1;transport=tls>").replace("INVITE", "REGISTER"),
        answered("<sip:a@192.0.2.1;transport=tls>").replace("200 OK", "302 Moved"),
        "SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n",
        "BYE sip:a@b SIP/2.0\r\nCSeq: 2 BYE\r\nContact: <tel:1>\r\n\r\n",
    ],
)
def test_every_other_contact_is_left_alone(message: str) -> None:
    assert unreachable(message) is None


def test_a_transport_is_mended_where_it_is_as_long_as_udp() -> None:
    assert mend("sip:a@b;transport=tcp;ob") == "sip:a@b;transport=udp;ob"
    assert mend("sip:a@b;transport=sctp") == ""
    assert mend("sips:a@b;transport=tls") == ""
    assert mend("tel:+49") == ""


def test_only_a_message_that_is_no_text_is_refused() -> None:
    assert refusal("MESSAGE sip:a@b SIP/2.0\r\nc: text/html\r\n\r\n<b>") == 415
    assert refusal("MESSAGE sip:a@b SIP/2.0\r\nc: Text/Plain;charset=utf-8\r\n\r\nhello") == 0
    assert refusal("INFO sip:a@b SIP/2.0\r\nc: text/html\r\n\r\n<b>") == 0


@pytest.mark.parametrize(
    ("method", "to", "code"),
    [
        ("ACK", "<sip:a@b>", 0),
        ("FOO", "<sip:a@b>;tag=1", 481),
        ("BYE", "<sip:a@b>", 481),
        ("NOTIFY", "<sip:a@b>", 489),
        ("PUBLISH", "<sip:a@b>", 501),
    ],
)
def test_what_nobody_took_is_answered(method: str, to: str, code: int) -> None:
    assert unwanted(f"{method} sip:a@b SIP/2.0\r\nTo: {to}\r\n\r\n") == code


def test_an_ack_has_the_tag_of_the_answer() -> None:
    ack = "ACK sip:a@b SIP/2.0\r\nt: <sip:a@b>{}\r\nCSeq: 1 ACK\r\n\r\n"
    assert stray(ack.format(""))
    assert stray(ack.format("").replace("ACK sip", "ack sip"))
    assert not stray(ack.format(";tag=1"))
    assert not stray(ack.format("").replace("ACK", "BYE"))


SDP = "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP4 h\r\nt=0 0\r\nm=audio 9 RTP/AVP 8 101\r\n"


def test_the_sdp_of_a_provisional_answer_is_found() -> None:
    early = f"SIP/2.0 183 X\r\nc: application/sdp\r\n\r\n{SDP}"
    assert early_answer(early) == SDP
    assert early_answer(early.replace(" 183 ", " 200 ")) == ""
    assert early_answer(early.replace("c: application/sdp", "c: multipart/mixed;boundary=x")) == ""
    assert early_answer("SIP/2.0 180 Ringing\r\n\r\n") == ""


def test_what_can_be_heard_has_a_codec_of_ours_a_port_and_an_address() -> None:
    assert can_be_heard(SDP, {"0", "8"})
    assert not can_be_heard(SDP, {"0"})
    for old, new in (("audio 9", "audio 0"), ("c=IN IP4", "c=IN IP6"), ("RTP/AVP", "RTP/SAVP")):
        assert not can_be_heard(SDP.replace(old, new), {"8"})
