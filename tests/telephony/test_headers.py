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
        ("sip:pbx.example", ""),
        ("", ""),
    ],
)
def test_the_user_part_of_a_uri(uri: str, user: str) -> None:
    assert headers.user_part(uri) == user


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
