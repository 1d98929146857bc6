"""Addresses and what goes over the wire."""

from pathlib import Path

import pytest

from voiceagent.config import Config, ConfigError
from voiceagent.events import Expectation, Utterance, Word
from voiceagent.speech.wire import (
    asked_of,
    own_address,
    transcribe_event,
    utterance_context,
    utterance_of,
)


def test_a_run_folder_whose_socket_has_too_long_a_path_is_told_with_the_mend(
    tmp_path: Path,
) -> None:
    config = Config(dialplan=tmp_path / "plan.yaml", run_dir=tmp_path / ("a" * 100))
    with pytest.raises(ConfigError, match=r"run_dir: .*give a shorter one, or set speech.address"):
        own_address(config)


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
