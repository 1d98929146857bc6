"""Whisper on the telephone."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest

from voiceagent.audio.frames import to_pcm
from voiceagent.audio.tones import ringback, tone
from voiceagent.events import Utterance, Word
from voiceagent.speech.models import ModelError, locate
from voiceagent.speech.recognizer import RecognitionError
from voiceagent.speech.whisper import (
    WhisperRecognizer,
    _is_invented,
    _loops,
    _pieces,
    _Reading,
)


def spoken(text: str, word_s: float) -> list[Word]:
    return [
        Word(word=word, start_s=number * word_s, end_s=(number + 1) * word_s)
        for number, word in enumerate(text.split())
    ]


def reading(text: str, no_speech: float, log_probability: float = -0.9) -> _Reading:
    return _Reading(text, (), log_probability, no_speech, ())


@pytest.mark.parametrize(
    "text",
    ["five five five five", "no no no no, stop.", "four seven four seven four seven", "bye bye"],
)
def test_repetitions_that_a_person_has_time_for_are_no_loop(text: str) -> None:
    assert not _loops(spoken(text, 0.25))


@pytest.mark.parametrize(
    "text",
    [
        "I see you you you you you you you you",
        "and thank you very much and thank you very much and thank you very much",
    ],
)
def test_repetitions_faster_than_anyone_speaks_are_a_loop(text: str) -> None:
    assert _loops(spoken(text, 0.04))


@pytest.mark.parametrize("text", [".", "", "...", "you", "You.", "Thank you."])
def test_what_whisper_writes_into_silence_is_nothing(text: str) -> None:
    assert _is_invented(reading(text, no_speech=0.9))


@pytest.mark.parametrize(
    ("text", "no_speech"), [("Thank you.", 0.05), ("Yes.", 0.5), ("Where is my order?", 0.2)]
)
def test_what_was_said_is_kept(text: str, no_speech: float) -> None:
    assert not _is_invented(reading(text, no_speech))


def test_long_audio_is_cut_where_it_is_quiet_and_nothing_is_lost() -> None:
    sound = np.full(60 * 16000, 0.1, np.float32)
    quiet = slice(round(22.0 * 16000), round(22.6 * 16000))
    sound[quiet] = 0.0
    pieces = _pieces(sound)
    assert np.array_equal(np.concatenate([piece for _, piece in pieces]), sound)
    assert all(piece.size <= 25 * 16000 for _, piece in pieces)
    assert quiet.start < pieces[1][0] < quiet.stop


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no CTranslate2 Whisper model"):
        WhisperRecognizer(tmp_path, "none")


@pytest.fixture(scope="module")
def whisper() -> WhisperRecognizer:
    return WhisperRecognizer(locate("whisper-base"), "whisper-base")


def heard(whisper: WhisperRecognizer, pcm: bytes, vocabulary: tuple[str, ...] = ()) -> Utterance:
    recognition = whisper.open(8000, "en", vocabulary)
    for start in range(0, len(pcm), 320):
        recognition.feed(pcm[start : start + 320])
    return recognition.finish()


def bare(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9 ]", "", text.lower()).split()).replace("wheres", "where is")


@pytest.mark.models
def test_telephone_speech_becomes_its_text(whisper, telephone) -> None:
    texts = [
        "I would like to speak to a person.",
        "Where is my parcel? It was to arrive last week.",
        "No, thank you, that is all.",
        "I have been charged twice for the same order.",
        "Can I change the delivery address?",
    ]
    right = spoken_words = 0
    for text in texts:
        utterance = heard(whisper, telephone.say(text))
        wanted, got = bare(text).split(), bare(utterance.text).split()
        blocks = SequenceMatcher(None, wanted, got, autojunk=False).get_matching_blocks()
        right += sum(block.size for block in blocks)
        spoken_words += len(wanted)
        assert utterance.engine == "whisper-base"
        assert utterance.confidence is not None
        assert utterance.confidence > 0.5
        assert utterance.no_speech is not None
        assert utterance.no_speech < 0.5
    assert right / spoken_words > 0.9


@pytest.mark.models
def test_words_have_probabilities_and_times_inside_the_audio(whisper, telephone) -> None:
    pcm = bytes(8000) + telephone.say("My bill is wrong again.")
    utterance = heard(whisper, pcm)
    assert bare(" ".join(word.word for word in utterance.words)) == bare(utterance.text)
    starts = [word.start_s for word in utterance.words]
    assert starts == sorted(starts)
    assert utterance.words[-1].end_s <= len(pcm) / 16000
    assert utterance.words[1].start_s > 0.4
    assert all(word.confidence is not None for word in utterance.words)


@pytest.mark.models
def test_repeated_digits_stay_as_they_were_said(whisper, telephone) -> None:
    utterance = heard(whisper, telephone.say("My number is five five five five."))
    digits = re.sub(r"\D", "", utterance.text.lower().replace("five", "5"))
    assert digits == "5555"


@pytest.mark.models
@pytest.mark.parametrize(
    "sound",
    [bytes(32000), ringback(), tone(440, seconds=2.0), tone(770, 1336, seconds=0.3), bytes(100)],
    ids=["silence", "ringback", "tone", "dtmf", "hardly-anything"],
)
def test_sounds_without_speech_give_no_text(whisper, sound: bytes) -> None:
    assert heard(whisper, sound).text == ""


@pytest.mark.models
def test_soft_hiss_gives_no_text(whisper) -> None:
    hiss = np.random.default_rng(5).standard_normal(16000).astype(np.float32) * 0.002
    assert heard(whisper, to_pcm(hiss)).text == ""


@pytest.mark.models
def test_a_vocabulary_keeps_the_rest_intact(whisper, telephone) -> None:
    utterance = heard(whisper, telephone.say("I want to return my shoes."), ("Northwind", "refund"))
    assert bare(utterance.text) == "i want to return my shoes"


@pytest.mark.models
def test_a_language_the_model_does_not_know_is_refused(whisper) -> None:
    with pytest.raises(RecognitionError, match="'xx'"):
        whisper.open(8000, "xx", ())
