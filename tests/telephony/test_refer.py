"""What Refer-To says."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from voiceagent.telephony.refer import Dialog, blind, replacing

ANSWER = (
    "SIP/2.0 200 OK\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\r\n"
    'From: "Agent" <sip:agent@pbx.example.com>;tag=our%s;x=1\r\n'
    "t: <sip:6001@pbx.example.com>;tag=theirs\r\n"
    "i: abc@127.0.0.1\r\n"
    "m: <sip:6001@192.0.2.7:5071;transport=udp>;expires=60\r\n"
    "\r\n"
)


CALLED = "sip:6001@pbx.example.com:5062;user=phone"


@pytest.fixture
def dialog() -> Dialog:
    return Dialog.of_answer(ANSWER, CALLED)


def asked(refer_to: str) -> dict[str, str]:
    """The headers in a Refer-To, decoded."""
    uri = urlsplit(refer_to.strip("<>"))
    return {name: values[0] for name, values in parse_qs(uri.query).items()}


def test_replaces_names_the_dialog_as_the_person_sees_it(dialog: Dialog) -> None:
    assert asked(replacing(dialog)) == {
        "Replaces": "abc@127.0.0.1;to-tag=theirs;from-tag=our%s",
        "Require": "replaces",
    }


def test_no_character_of_a_header_can_end_the_uri_or_the_header(dialog: Dialog) -> None:
    query = replacing(dialog).partition("?")[2].rstrip(">")
    assert not set(query) & set(';@<>," ')


def test_it_refers_to_the_address_that_was_called_or_to_who_answered(dialog: Dialog) -> None:
    assert replacing(dialog).startswith(f"<{CALLED}?")
    contact = replacing(dialog, contact=True)
    assert contact.startswith("<sip:6001@192.0.2.7:5071;transport=udp?")


def test_an_answer_without_a_contact_is_referred_to_by_its_address() -> None:
    lines = [line for line in ANSWER.split("\r\n") if not line.startswith("m:")]
    without = Dialog.of_answer("\r\n".join(lines), CALLED)
    assert without.contact == CALLED


def test_the_context_travels_in_refer_to_where_it_is_wanted(dialog: Dialog) -> None:
    context = "00ab;encoding=hex"
    assert asked(replacing(dialog, user_to_user=context))["User-to-User"] == context
    assert asked(blind("sip:6001@host", user_to_user=context)) == {"User-to-User": context}


def test_a_blind_refer_names_the_target_alone() -> None:
    assert blind("sip:6001@host") == "<sip:6001@host>"
    assert unquote(blind("sip:6001@host?Subject=x")) == "<sip:6001@host>"
