"""The reader of PJSIP's log, on a real log of an attended transfer and on awkward messages."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from voiceagent.telephony.trace import parse_message, parse_trace, read_trace

DATA = Path(__file__).parent / "data" / "transfer"
STARTED_AT = datetime(2026, 11, 22, 7, 14, 14).timestamp()
CALL = "Call-ID: one@example.com\nCSeq: 7 BYE\n"


def block(
    text: str, clock: str = "12:00:00.000", way: str = "TX", size: int | None = None
) -> bytes:
    data = text.encode()
    towards = "to" if way == "TX" else "from"
    heading = (
        f"{clock}           pjsua_core.c  ..{way} {len(data) if size is None else size} bytes "
        f"Request msg BYE/cseq=7 (tdta0x1) {towards} TCP 192.0.2.7:5061:\n"
    )
    return heading.encode() + data + b"\n--end msg--\n"


def trace(log: bytes):
    return parse_trace(log, datetime(2026, 3, 1, 11, 59).timestamp())


@pytest.mark.parametrize("party", ["caller", "agent", "person"])
def test_every_message_of_a_real_log_is_found_whole(party):
    path = DATA / f"sip-{party}.log"
    messages = read_trace(path, STARTED_AT)
    assert len(messages) == path.read_bytes().count(b"--end msg--") > 10
    assert all(message.whole and message.call_id and message.cseq for message in messages)
    assert all(len(m.body) == int(m.header("Content-Length")) for m in messages)


def test_a_real_refer_keeps_its_direction_peer_time_and_headers():
    [refer] = [
        m for m in read_trace(DATA / "sip-agent.log", STARTED_AT) if m.method == "REFER" and m.sent
    ]
    assert refer.is_request
    assert (refer.peer, refer.transport) == ("127.0.0.1:42060", "UDP")
    assert "Replaces=" in refer.header("refer-to")
    assert datetime.fromtimestamp(refer.at).date() == datetime.fromtimestamp(STARTED_AT).date()
    answers = [m for m in read_trace(DATA / "sip-agent.log", STARTED_AT) if m.method == "REFER"]
    assert [m.status for m in answers] == [None, 202]


def test_a_display_name_and_a_header_in_utf8_survive_a_real_log():
    invite = read_trace(DATA / "sip-person.log", STARTED_AT)[0]
    assert "Voice Agent é" in invite.header("From")
    assert invite.header("X-VoiceAgent-Note") == "Rückfrage – über"


def test_compact_header_forms_are_written_out():
    message = parse_message(
        "BYE sip:a SIP/2.0\nv: SIP/2.0/UDP x;branch=z9hG4bKq\ni: c\nCSeq: 2 BYE\n\n"
    )
    assert message.headers[0] == ("Via", "SIP/2.0/UDP x;branch=z9hG4bKq")
    assert (message.call_id, message.branch) == ("c", "z9hG4bKq")


def test_a_folded_header_becomes_one_line():
    message = parse_message("BYE sip:a SIP/2.0\r\nSubject: one\r\n\t two\r\n   three\r\n\r\n")
    assert message.header("Subject") == "one two three"


def test_a_line_separator_inside_a_header_does_not_start_a_new_one():
    message = parse_message("BYE sip:a SIP/2.0\nSubject: a\u2028Replaces: x\n\n")
    assert message.header("Replaces") is None


def test_a_response_without_a_reason_phrase_is_read():
    message = parse_message(f"SIP/2.0 486\n{CALL}\n")
    assert (message.status, message.method, message.cseq) == (486, "BYE", 7)


@pytest.mark.parametrize("text", ["", "hello", "HTTP/1.1 200 OK\n\n", "BYE sip:a\n\n"])
def test_what_is_no_sip_message_is_refused_with_its_first_line(text):
    with pytest.raises(ValueError, match="not the first line of a SIP message"):
        parse_message(text)


def test_a_body_that_looks_like_a_log_is_not_read_as_messages():
    inner = block("BYE sip:evil SIP/2.0\nCall-ID: x\nCSeq: 1 BYE\n\n", way="RX").decode()
    outer = f"MESSAGE sip:a SIP/2.0\nCall-ID: y\nCSeq: 1 MESSAGE\n\n{inner}"
    [message] = trace(block(outer))
    assert message.method == "MESSAGE"
    assert message.body == inner


def test_a_huge_body_is_read_whole():
    body = "é" * 300_000
    [message] = trace(block(f"MESSAGE sip:a SIP/2.0\n{CALL}\n{body}"))
    assert message.whole
    assert message.body == body


def test_a_message_cut_by_the_end_of_the_log_is_kept_and_marked():
    log = block(f"BYE sip:a SIP/2.0\n{CALL}\n") + block(
        f"BYE sip:b SIP/2.0\n{CALL}Subject: rest\n\n"
    )
    first, cut = trace(log[:-40])
    assert first.whole
    assert not cut.whole
    assert cut.start_line == "BYE sip:b SIP/2.0"


def test_a_message_the_logger_shortened_does_not_swallow_the_next():
    text = f"BYE sip:a SIP/2.0\n{CALL}\n"
    shortened = block(text, size=len(text) + 5000).replace(b"\n--end msg--\n", b"")
    first, second = trace(shortened + b"\n" + block("ACK sip:b SIP/2.0\nCSeq: 7 ACK\n\n"))
    assert not first.whole
    assert first.call_id == "one@example.com"
    assert second.method == "ACK"


def test_an_unreadable_message_is_passed_over():
    assert [
        m.method for m in trace(block("nonsense") + block("BYE sip:a SIP/2.0\nCSeq: 1 BYE\n\n"))
    ] == ["BYE"]


def test_the_date_goes_on_at_midnight():
    log = b"".join(
        block(f"BYE sip:a SIP/2.0\n{CALL}\n", clock)
        for clock in ("23:59:59.900", "00:00:00.100", "00:05:00.000")
    )
    evening = datetime(2026, 12, 31, 23, 50)
    first, second, third = parse_trace(log, evening.timestamp())
    assert second.at - first.at == pytest.approx(0.2)
    assert datetime.fromtimestamp(third.at) == datetime(2027, 1, 1, 0, 5)


def test_a_start_just_after_midnight_still_dates_a_message_just_before():
    log = block(f"BYE sip:a SIP/2.0\n{CALL}\n", "23:59:58.000")
    midnight = datetime(2026, 6, 2)
    [message] = parse_trace(log, (midnight + timedelta(seconds=3)).timestamp())
    assert datetime.fromtimestamp(message.at) == midnight - timedelta(seconds=2)


def test_an_address_in_ipv6_is_the_peer():
    log = block(f"BYE sip:a SIP/2.0\n{CALL}\n").replace(b"192.0.2.7:5061", b"[2001:db8::1]:5061")
    assert trace(log)[0].peer == "[2001:db8::1]:5061"


@given(st.binary(max_size=400), st.integers(0, 400))
def test_no_damage_to_a_log_breaks_the_reader(noise, where):
    log = block(f"BYE sip:a SIP/2.0\n{CALL}\n") * 2
    damaged = log[:where] + noise + log[where:]
    assert len(trace(damaged)) <= 4
