"""Whisper on the telephone."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest

from voiceagent.audio.frames import to_float, to_pcm
from voiceagent.audio.tones import ringback, tone
from voiceagent.events import Expectation, Utterance
from voiceagent.speech.models import ModelError, locate
from voiceagent.speech.recognizer import RecognitionError
from voiceagent.speech.whisper import WhisperRecognizer, _pieces


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


SIX_DIGITS = Expectation(kind="digits", slot="order number", min_digits=6, max_digits=6)


def heard(
    whisper: WhisperRecognizer,
    pcm: bytes,
    vocabulary: tuple[str, ...] = (),
    asked: Expectation | None = None,
) -> Utterance:
    recognition = whisper.open(8000, "en", vocabulary, asked)
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
def test_an_utterance_given_up_is_worked_on_no_more(whisper, telephone) -> None:
    recognition = whisper.open(8000, "en", ())
    recognition.feed(telephone.say("Where is my parcel?"))
    recognition.abandon()
    with pytest.raises(RecognitionError, match="given up"):
        recognition.finish()


@pytest.mark.models
def test_the_text_is_told_before_the_words_are_and_is_the_same(whisper, telephone) -> None:
    told: list[str] = []
    recognition = whisper.open(8000, "en", ())
    recognition.feed(telephone.say("Where is my parcel?"))
    assert recognition.finish(told.append).text == told[0]
    assert len(told) == 1


@pytest.mark.models
def test_nothing_is_told_early_of_silence_or_of_a_number_still_to_be_settled(
    whisper, telephone
) -> None:
    told: list[str] = []
    for pcm, asked in ((bytes(32000), None), (telephone.say("Four seven one."), SIX_DIGITS)):
        recognition = whisper.open(8000, "en", (), asked)
        recognition.feed(pcm)
        recognition.finish(told.append)
    assert told == []


@pytest.mark.models
def test_doubt_about_a_word_leaves_another_reading_and_a_smaller_lead(whisper, telephone) -> None:
    sure = heard(whisper, telephone.say("Can I pay by credit card?"))
    noise = np.random.default_rng(8).standard_normal(40000).astype(np.float32) * 0.02
    speech = to_float(telephone.say("It is with Aoife Nguyen of Sligo."))
    unsure = heard(whisper, to_pcm(speech + noise[: speech.size]))
    assert sure.lead is not None
    assert unsure.lead is not None
    assert unsure.lead < sure.lead
    assert sure.least_likely is not None
    assert unsure.least_likely is not None
    assert unsure.least_likely < sure.least_likely
    assert unsure.alternatives
    assert bare(unsure.alternatives[0]) != bare(unsure.text)


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


@pytest.mark.models
@pytest.mark.parametrize("number", ["471229", "555555", "900113"])
def test_a_number_that_was_asked_for_is_read_digit_by_digit(whisper, telephone, number) -> None:
    words = "zero one two three four five six seven eight nine".split()  # noqa: SIM905
    said = ", ".join(words[int(digit)] for digit in number)
    utterance = heard(whisper, telephone.say(f"{said}."), asked=SIX_DIGITS)
    assert utterance.text.replace(" ", "") == number
    assert [word.word for word in utterance.words] == list(number)
    starts = [word.start_s for word in utterance.words]
    assert starts == sorted(starts)


@pytest.mark.models
@pytest.mark.parametrize(
    "text", ["I don't have it here.", "Where do I find that?", "Can I speak to a person, please?"]
)
def test_an_answer_without_a_number_is_not_made_into_one(whisper, telephone, text) -> None:
    utterance = heard(whisper, telephone.say(text), asked=SIX_DIGITS)
    assert bare(utterance.text) == bare(text)


@pytest.mark.models
def test_a_number_that_is_only_begun_is_not_completed(whisper, telephone) -> None:
    utterance = heard(whisper, telephone.say("four, seven, one,"), asked=SIX_DIGITS)
    assert re.sub(r"\D", "", utterance.text) in ("471", "")
    assert len(re.sub(r"\D", "", utterance.text)) < 6


@pytest.mark.models
def test_loud_noise_alone_gives_no_text(whisper) -> None:
    noise = np.random.default_rng(5).standard_normal(24000).astype(np.float32) * 0.2
    assert heard(whisper, to_pcm(noise)).text == ""
    assert heard(whisper, to_pcm(noise), asked=SIX_DIGITS).text == ""


@pytest.mark.models
def test_other_readings_are_told_without_the_text_itself(whisper) -> None:
    noise = np.random.default_rng(1).standard_normal(8000).astype(np.float32) * 0.01
    utterance = heard(whisper, to_pcm(noise))
    assert utterance.text not in utterance.alternatives
