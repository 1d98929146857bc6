"""Vosk with a real model. The only one on the package index is Korean."""

from __future__ import annotations

from pathlib import Path

import pytest

from voiceagent.events import Expectation, Utterance
from voiceagent.speech.models import ModelError, locate
from voiceagent.speech.recognizer import RecognitionError
from voiceagent.speech.vosk import VoskRecognition, VoskRecognizer


def test_a_folder_without_a_model_is_named_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="unpack the archive"):
        VoskRecognizer(tmp_path, "none")


@pytest.fixture(scope="module")
def vosk() -> VoskRecognizer:
    return VoskRecognizer(locate("vosk-ko"), "vosk-ko")


def stream(
    vosk: VoskRecognizer, pcm: bytes, asked: Expectation | None = None
) -> tuple[list[str], Utterance]:
    recognition = vosk.open(8000, "ko", (), asked)
    partials = [recognition.feed(pcm[start : start + 1600]) for start in range(0, len(pcm), 1600)]
    return partials, recognition.finish()


@pytest.mark.models
def test_speech_gives_partial_texts_on_the_way_and_words_with_confidence(vosk, telephone) -> None:
    """English speech to a Korean model: the words are not right, but they are words of its own."""
    pcm = telephone.say("Hello. I have a question about my order. Can you help me with it?")
    partials, utterance = stream(vosk, pcm)
    assert any(partials[:-1])
    assert utterance.engine == "vosk-ko"
    assert utterance.text == " ".join(word.word for word in utterance.words)
    assert any("\uac00" <= letter <= "\ud7a3" for letter in utterance.text)
    assert all(word.confidence is not None for word in utterance.words)
    assert utterance.confidence is not None
    starts = [word.start_s for word in utterance.words]
    assert starts == sorted(starts)
    assert utterance.words[-1].end_s <= len(pcm) / 16000 + 0.1


@pytest.mark.models
def test_silence_gives_no_words_and_no_confidence(vosk) -> None:
    partials, utterance = stream(vosk, bytes(16000))
    assert not any(partials)
    assert (utterance.text, utterance.words, utterance.confidence) == ("", (), None)


@pytest.mark.models
def test_another_language_is_refused(vosk) -> None:
    with pytest.raises(RecognitionError, match="knows ko, not 'en'"):
        vosk.open(8000, "en", ())


@pytest.mark.models
def test_a_grammar_hears_its_phrases_and_the_open_reading_is_told(vosk, telephone) -> None:
    recognition = VoskRecognition(vosk._model, vosk.name, 8000, ["서울"])
    recognition.feed(telephone.say("Hello. I have a question about my order."))
    utterance = recognition.finish()
    assert set(utterance.text.split()) == {"서울"}
    assert utterance.alternatives
    assert all(word.confidence is not None for word in utterance.words)


@pytest.mark.models
def test_a_model_that_would_hear_an_answer_in_everything_gets_no_grammar(vosk, telephone) -> None:
    pcm = telephone.say("Hello. I have a question about my order. Can you help me with it?")
    _, free = stream(vosk, pcm)
    _, asked = stream(vosk, pcm, Expectation(kind="choice", choices=("서울",)))
    assert len(set(free.text.split())) > 2
    assert len(set(asked.text.split())) > 2
