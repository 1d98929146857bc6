"""Addresses and what goes over the wire."""

import pytest

from voiceagent.events import Expectation, Utterance, Word
from voiceagent.speech.wire import (
    AddressError,
    asked_of,
    parse_address,
    transcribe_event,
    utterance_context,
    utterance_of,
)


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("unix:/run/speech.sock", "unix:///run/speech.sock"),
        ("unix:///run/speech.sock", "unix:///run/speech.sock"),
        ("tcp:gpu.example.com:10300", "tcp://gpu.example.com:10300"),
        ("tcp://127.0.0.1:10300", "tcp://127.0.0.1:10300"),
    ],
)
def test_addresses_are_read_with_or_without_slashes(text: str, uri: str) -> None:
    assert parse_address(text).uri == uri


@pytest.mark.parametrize(
    "text", ["", "speech.sock", "unix:run/speech.sock", "tcp:host", "tcp:host:port", "tcp:h:70000"]
)
def test_a_wrong_address_is_told_what_is_right(text: str) -> None:
    with pytest.raises(AddressError, match="write unix:/path or tcp:host:port"):
        parse_address(text)


def test_a_socket_path_too_long_for_the_kernel_is_refused_with_the_mend() -> None:
    with pytest.raises(AddressError, match="set run_dir"):
        parse_address("unix:/" + "a" * 120)


def test_an_utterance_comes_over_whole() -> None:
    said = Utterance(
        text="four seven",
        end_s=1.5,
        confidence=0.8,
        words=(Word(word="four", start_s=0.1, end_s=0.4, confidence=0.9),),
        alternatives=("for seven",),
        no_speech=0.01,
        engine="whisper-base",
    )
    assert utterance_of(said.text, utterance_context(said), 9.9) == said


@pytest.mark.parametrize("context", [None, {}, {"conversation": 7}, {"engine": 3, "words": "x"}])
def test_where_a_foreign_server_gives_no_confidence_none_is_invented(context: dict | None) -> None:
    assert utterance_of(" yes ", context, 1.0) == Utterance(text="yes", end_s=1.0)


def test_what_was_asked_for_travels_with_the_request() -> None:
    asked = Expectation(kind="digits", slot="order", min_digits=6, max_digits=6)
    event = transcribe_event("en", ["Northwind"], asked)
    assert asked_of(event) == asked
    assert event.data["transcript_names"] == ["Northwind"]
    assert asked_of(transcribe_event("en", [], None)) is None


def test_a_malformed_question_is_refused() -> None:
    event = transcribe_event("en", [], None)
    event.data["voiceagent-asked"] = {"kind": "riddle"}
    with pytest.raises(ValueError, match="kind"):
        asked_of(event)
