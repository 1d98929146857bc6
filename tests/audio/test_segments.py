"""Utterances in a stream of frames."""

import numpy as np
import pytest

from voiceagent.audio import segments
from voiceagent.audio.frames import FRAME_BYTES, to_pcm
from voiceagent.audio.segments import Segment, Segmenter
from voiceagent.audio.vad import Activity
from voiceagent.speech.models import locate
from voiceagent.speech.piper import PiperSynthesizer


class Marked:
    """Voice activity of frames that say themselves whether they are speech."""

    def push(self, frame: bytes) -> Activity:
        return Activity(float(frame[0] > 0), -20.0)


@pytest.fixture
def _marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "VoiceActivity", Marked)


def found(*lengths: float, pause_s: float = 0.8, longest_s: float = 30.0) -> list[Segment]:
    """Utterances of a recording with silence and speech by turns, each so many seconds."""
    segmenter = Segmenter(pause_s, longest_s)
    ended = [
        segmenter.push(bytes([number % 2]) * FRAME_BYTES)
        for number, seconds in enumerate(lengths)
        for _ in range(round(seconds / 0.02))
    ]
    return [segment for segment in [*ended, segmenter.flush()] if segment is not None]


def about(*times: float) -> list[Segment]:
    return [
        Segment(pytest.approx(start, abs=0.08), pytest.approx(end, abs=0.03))
        for start, end in zip(times[::2], times[1::2], strict=True)
    ]


unit = pytest.mark.usefixtures("_marked")


@unit
def test_silence_between_utterances_ends_them_and_a_pause_inside_does_not() -> None:
    assert found(1, 2, 0.7, 1, 1, 0.5, 1) == about(1, 4.7, 5.7, 6.2)


@unit
def test_how_long_the_silence_is_can_be_set() -> None:
    assert found(1, 1, 0.5, 1, pause_s=0.4) == about(1, 2, 2.5, 3.5)


@unit
def test_an_utterance_from_the_first_frame_to_the_last_is_found() -> None:
    assert found(0, 1.5) == about(0, 1.5)


@unit
def test_clicks_are_no_utterances_and_do_not_make_one_longer() -> None:
    assert found(1, 0.06, 2) == []
    assert found(1, 1, 0.6, 0.04, 0.6) == about(1, 2)


@unit
def test_a_long_utterance_is_cut_at_the_longest_pause_of_its_second_half() -> None:
    assert found(0, 2, 0.7, 4, 0.3, 1, 0.6, 2, 0.3, 4, longest_s=10) == about(0, 8.0, 8.6, 14.9)


@unit
def test_a_long_utterance_without_a_pause_is_cut_all_the_same() -> None:
    assert found(0, 25, longest_s=10) == about(0, 10, 10, 20, 20, 25)


@pytest.mark.models
def test_two_sentences_of_a_real_voice_are_two_utterances_at_their_places() -> None:
    voice = PiperSynthesizer(locate("joe-us"), "joe-us", steady=True)
    sentence = np.frombuffer(b"".join(voice.synthesize("Where is my order now?")), "<i2") / 32768
    quiet = np.random.default_rng(1).normal(0, 0.0005, 8000)
    sound = np.concatenate([quiet, sentence, quiet, sentence, quiet]).astype(np.float32)
    segmenter = Segmenter()
    pcm = to_pcm(sound)
    ended = [
        segmenter.push(pcm[at : at + FRAME_BYTES])
        for at in range(0, len(pcm) - FRAME_BYTES, FRAME_BYTES)
    ]
    first, second = (each for each in [*ended, segmenter.flush()] if each is not None)
    apart = (sentence.size + quiet.size) / 8000
    assert first.start_s == pytest.approx(1.0, abs=0.12)
    assert second.start_s - first.start_s == pytest.approx(apart, abs=0.1)
    assert second.end_s - first.end_s == pytest.approx(apart, abs=0.1)
