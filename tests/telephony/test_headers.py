"""What an INVITE says of its call, and the context header."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from voiceagent.telephony import headers

INVITE = """INVITE sip:1000@127.0.0.1:5080;user=phone SIP/2.0\r
Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1\r
f: "Ms. \\"A\\" Miller" <sip:alice@example.com;x=1>;tag=1\r
To: <sip:1000@127.0.0.1>\r
i: abc@host\r
P-Asserted-Identity: "Alice" <sip:+4930123@pbx.example>, <tel:+4930123>\r
Diversion: <sip:800@pbx.example>;reason=unconditional\r
X-Customer-Id: 4711\r
x-note: first\r
 second\r
Content-Length: 0\r
\r
X-Body: not a header\r
"""


def test_an_invite_becomes_the_facts_of_its_call() -> None:
    facts = headers.call_facts(INVITE, "127.0.0.1:5070")
    assert facts.caller_name == "Alice"
    assert facts.caller_uri == "sip:alice@example.com;x=1"
    assert facts.caller_number == "+4930123"
    assert facts.dialled == "1000"
    assert facts.diversion == "sip:800@pbx.example"
    assert facts.headers == {"X-Customer-Id": "4711", "X-Note": "first second"}
    assert facts.sip_call_id == "abc@host"
    assert facts.source == "127.0.0.1:5070"


def test_without_an_asserted_identity_the_from_header_tells_the_number() -> None:
    plain = "INVITE sip:9@h SIP/2.0\r\nFrom: sip:bob@h;tag=2\r\n\r\n"
    facts = headers.call_facts(plain, "")
    assert (facts.caller_number, facts.caller_name) == ("bob", "")


def test_a_quoted_display_name_is_unescaped() -> None:
    assert headers.name_addr('"a \\"b\\" c" <sip:x@y>') == ('a "b" c', "sip:x@y")


@pytest.mark.parametrize(
    ("uri", "user"),
    [
        ("sip:6001@pbx:5060", "6001"),
        ("sips:+49;phone-context=x@pbx", "+49"),
        ("tel:+4930123;ext=5", "+4930123"),
        ("sip:%2B4930%31@x", "+49301"),
        ("sip:+49-30.(1)2@x", "+493012"),
        ("sip:030-12@x;user=phone", "03012"),
        ("sip:desk-12@x", "desk-12"),
        ("sip:+4930;npdi;rn=+4911@x", "+4930"),
        ("sip:100:secret@x", "100"),
        ("sip:a%0d%0aEvil@x", "aEvil"),
        ("tel:+49-30-123;phone-context=x", "+4930123"),
        ("sip:pbx.example", ""),
        ("", ""),
    ],
)
def test_the_user_part_of_a_uri(uri: str, user: str) -> None:
    assert headers.user_part(uri) == user


def invite(*lines: str) -> str:
    usual = "From: <sip:100@trunk>;tag=1"
    return "\r\n".join(["INVITE sip:1000@h SIP/2.0", usual, *lines, "", ""])


@pytest.mark.parametrize(
    ("lines", "number", "name"),
    [
        (["P-Asserted-Identity: <tel:+49301>", 'P-Asserted-Identity: "B" <sip:2@x>'], "+49301", ""),
        (
            ['P-Asserted-Identity: "B <x>, Jr." <sip:+49302@x>, <tel:+49303>'],
            "+49302",
            "B <x>, Jr.",
        ),
        (['Remote-Party-ID: "Bob" <sip:+49304@x>;party=calling;privacy=off'], "+49304", "Bob"),
        (["Remote-Party-ID: <sip:+49305@x>;party=called"], "100", ""),
        (["P-Asserted-Identity: ???"], "100", ""),
    ],
)
def test_the_number_is_what_the_network_asserts(lines: list[str], number: str, name: str) -> None:
    facts = headers.call_facts(invite(*lines), "")
    assert (facts.caller_number, facts.caller_name) == (number, name)


@pytest.mark.parametrize(
    "lines",
    [
        ['P-Asserted-Identity: "Bob" <sip:+49301@x>', "Privacy: id"],
        ["Privacy: none;user"],
        ['Remote-Party-ID: "Bob" <sip:+49301@x>;privacy=full'],
    ],
)
def test_who_asks_not_to_be_named_shows_no_number(lines: list[str]) -> None:
    facts = headers.call_facts(invite(*lines), "")
    assert (facts.shown_number, facts.caller_name) == ("", "")


def test_privacy_of_headers_does_not_hide_the_number() -> None:
    assert headers.call_facts(invite("Privacy: none"), "").shown_number == "100"


@pytest.mark.parametrize(
    ("lines", "diverted"),
    [
        (
            ["History-Info: <sip:+49800@x?Reason=SIP%3Bcause%3D302>, <sip:1@x;cause=302>"],
            "sip:+49800@x",
        ),
        (["History-Info: <sip:1@x>;index=1", "History-Info: <sip:2@x;cause=486>"], "sip:1@x"),
        (["History-Info: <sip:1@x>;index=1, <sip:1000@x>;index=1.1;mp=1"], ""),
        (["History-Info: <sip:2@x;cause=486>;index=1"], ""),
        (["Diversion: <sip:3@x>", "History-Info: <sip:1@x>, <sip:2@x;cause=486>"], "sip:3@x"),
    ],
)
def test_who_diverted_the_call_is_read_from_either_header(lines: list[str], diverted: str) -> None:
    assert headers.call_facts(invite(*lines), "").diversion == diverted


def test_what_is_no_utf_8_is_read_as_latin_1() -> None:
    text = b'INVITE sip:1@h SIP/2.0\r\nFrom: "J\xfcrgen" <sip:9@h>\r\nX-Note: \xe4\r\n\r\n'
    facts = headers.call_facts(text.decode(errors="surrogateescape"), "")
    assert (facts.caller_name, facts.headers["X-Note"]) == ("Jürgen", "ä")


def test_only_an_end_of_line_ends_a_header() -> None:
    parsed = headers.parse_headers(
        "INVITE sip:x SIP/2.0\r\nSubject: a\x0bEvil: 1\u2028Evil: 2\r\n\r\n"
    )
    assert [name for name, _ in parsed] == ["subject"]


@given(st.text(max_size=400))
def test_no_text_from_the_network_breaks_the_parser(text: str) -> None:
    facts = headers.call_facts(text, "")
    assert isinstance(facts.caller_number, str)


def test_a_handover_id_survives_the_user_to_user_header() -> None:
    handover = headers.new_handover_id()
    value = headers.encode_user_to_user(handover)
    data, _, parameter = value.partition(";")
    assert parameter == "encoding=hex"
    assert len(bytes.fromhex(data)) <= headers.MAX_UUI_OCTETS
    assert headers.decode_user_to_user(value) == handover


def test_two_handovers_never_share_an_id() -> None:
    assert len({headers.new_handover_id() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "value", ["", "zz;encoding=hex", "00", "04abcd;encoding=hex", "00ab;encoding=base64"]
)
def test_a_foreign_user_to_user_header_is_named_as_such(value: str) -> None:
    with pytest.raises(ValueError, match="User-to-User"):
        headers.decode_user_to_user(value)


def test_an_id_longer_than_networks_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="octets"):
        headers.encode_user_to_user("ab" * 128)


def test_nothing_a_caller_says_can_end_a_header_line() -> None:
    made = headers.context_headers("ab", [("Topic", "billing\r\nEvil: 1"), ("Empty", " ")])
    assert made[1] == ("X-VoiceAgent-Topic", "billing Evil: 1")
    assert len(made) == 2


def test_context_headers_are_found_whatever_a_pbx_makes_of_their_case() -> None:
    received = [("user-to-user", "00ab;encoding=hex"), ("x-voiceagent-topic", "billing")]
    assert headers.context_of(received) == {
        "User-to-User": "00ab;encoding=hex",
        "X-VoiceAgent-Topic": "billing",
    }


def test_an_option_is_announced_in_any_of_the_supported_headers() -> None:
    text = "INVITE sip:x SIP/2.0\r\nSupported: timer\r\nk: 100rel , Replaces\r\n\r\n"
    parsed = headers.parse_headers(text)
    assert headers.announces(parsed, "replaces")
    assert headers.announces(parsed, "timer")
    assert not headers.announces(parsed, "path")
    assert not headers.announces(headers.parse_headers("INVITE sip:x SIP/2.0\r\n\r\n"), "replaces")


def test_the_customer_is_named_by_the_header_of_the_settings_and_by_no_other() -> None:
    assert headers.call_facts(INVITE, "", "X-Customer-Id").customer_id == "4711"
    assert headers.call_facts(INVITE, "", "X-Account").customer_id == ""
    assert headers.call_facts(INVITE, "").customer_id == ""


def test_the_code_of_a_case_comes_in_a_header_or_in_the_request_uri() -> None:
    by_uri = INVITE.replace(";user=phone", ";user=phone;case=48210377", 1)
    by_header = INVITE.replace("x-note", "X-Case: 48210377\r\nx-note", 1)
    for text in (by_uri, by_header):
        assert headers.call_facts(text, "").case_code == "48210377"
    assert headers.call_facts(INVITE, "").case_code == ""
