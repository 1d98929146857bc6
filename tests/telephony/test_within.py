"""What becomes of a request within a call."""

from __future__ import annotations

import pytest

from voiceagent.telephony.within import Answer, answer, key_of


def info(kind: str, body: str) -> str:
    return f"INFO sip:a@b SIP/2.0\r\nc: {kind}\r\n\r\n{body}"


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ("Signal=5\r\nDuration=160\r\n", "5"),
        ("Duration=160\r\nSIGNAL = 4", "4"),
        ("Signal= *", "*"),
        ("Signal=11", "#"),
        ("7", "7"),
        (" 10\r\n", "*"),
        ("15", "D"),
        ("d", "D"),
        ("Signal=16", ""),
        ("hf", ""),
        ("Signal=", ""),
        ("", ""),
    ],
)
def test_keys_are_read_by_their_name_and_by_their_number(body: str, key: str) -> None:
    assert key_of(body) == key


def test_the_library_reads_a_key_in_the_one_form_that_it_knows() -> None:
    message = info("application/dtmf-relay;x=y", "Signal=11")
    assert answer("INFO", message) == Answer(body=b"Signal=#\r\n")


def test_a_key_that_the_library_does_not_know_of_is_answered_and_told() -> None:
    assert answer("INFO", info("Application/DTMF", "3")) == Answer(200, "3")


def test_probes_are_answered_and_the_rest_is_left_to_the_library() -> None:
    assert answer("OPTIONS", "OPTIONS sip:a@b SIP/2.0\r\n\r\n").code == 200
    assert answer("INFO", "INFO sip:a@b SIP/2.0\r\n\r\n").code == 200
    assert answer("BYE", "BYE sip:a@b SIP/2.0\r\n\r\n") == Answer()
    assert answer("INFO", info("application/media_control+xml", "<x/>")) == Answer()


def test_the_kind_of_a_key_is_read_as_the_library_reads_it() -> None:
    relayed = Answer(body=b"Signal=5\r\n")
    assert answer("INFO", info("application / DTMF-relay", "Signal=5")) == relayed
    twice = info("text/plain\r\nContent-Type: application/dtmf-relay", "Signal=5")
    assert answer("INFO", twice) == relayed
