"""The voice, made for the telephone."""

import itertools

import numpy as np
import pytest

from voiceagent.audio.frames import to_float
from voiceagent.speech.models import ModelError, locate
from voiceagent.speech.piper import PiperSynthesizer, levelled, trimmed


def active_db(sound: np.ndarray) -> float:
    power = np.square(sound[: sound.size // 160 * 160].reshape(-1, 160)).mean(axis=1)
    return float(10 * np.log10(power[power > power.max() * 1e-3].mean()))


@pytest.mark.parametrize("gain", [0.01, 0.3, 1.0])
def test_speech_of_any_loudness_comes_out_at_the_telephones_level(gain: float) -> None:
    time = np.arange(8000) / 8000
    sound = (gain * np.sin(2 * np.pi * 300 * time) * (time < 0.5)).astype(np.float32)
    assert active_db(levelled(sound)) == pytest.approx(-20, abs=0.5)


def test_peaks_are_rounded_off_below_full_scale() -> None:
    clicks = np.zeros(8000, np.float32)
    clicks[::400] = 1.0
    loud = levelled(clicks)
    assert 0.9 < np.abs(loud).max() <= 1.0


def test_silence_stays_silence() -> None:
    assert not levelled(np.zeros(800, np.float32)).any()
    assert levelled(np.zeros(0, np.float32)).size == 0


def test_the_models_own_silence_is_replaced_by_the_pause_wanted() -> None:
    sound = np.concatenate([np.zeros(3200), np.ones(1600), np.zeros(6400)]).astype(np.float32)
    cut = trimmed(sound, pause=800)
    assert cut.size == 160 + 1600 + 800
    assert trimmed(np.ones(1600, np.float32), pause=800).size == 2400


def test_a_path_without_a_voice_is_named(tmp_path) -> None:
    with pytest.raises(ModelError, match=r"none\.onnx is no Piper voice"):
        PiperSynthesizer(tmp_path / "none.onnx", "none")


@pytest.mark.models
def test_a_text_is_spoken_at_the_telephones_rate_and_level(voice: PiperSynthesizer) -> None:
    pieces = list(voice.synthesize("Your order is on its way. It should arrive on Thursday."))
    assert len(pieces) == 2
    for piece in pieces:
        assert 1.0 < len(piece) / 16000 < 4.0
        assert active_db(to_float(piece)) == pytest.approx(-20, abs=1.5)


@pytest.mark.models
def test_the_first_sentence_is_ready_before_the_second_is_made(
    voice: PiperSynthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    speak = voice._speak
    monkeypatch.setattr(voice, "_speak", lambda text: made.append(text) or speak(text))
    pieces = voice.synthesize("The first one is here. The second one is not.")
    next(pieces)
    assert made == ["The first one is here."]


@pytest.mark.models
def test_a_sentence_said_before_is_not_made_again(
    voice: PiperSynthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = list(voice.synthesize("I will connect you now."))
    monkeypatch.setattr(voice, "_speak", lambda text: pytest.fail(f"made again: {text}"))
    assert list(voice.synthesize("I will connect you now.")) == first


@pytest.mark.models
def test_what_is_kept_is_bounded() -> None:
    voice = PiperSynthesizer(locate("joe-us"), "joe-us", cache_bytes=60_000)
    for number, word in itertools.product(range(3), ("red", "blue")):
        list(voice.synthesize(f"{word} {number}."))
    assert 0 < sum(map(len, voice._cache.values())) <= 60_000


@pytest.mark.models
def test_a_steady_voice_says_a_text_in_one_way_only() -> None:
    said = [
        b"".join(PiperSynthesizer(locate("joe-us"), "", steady=steady).synthesize("Where is it?"))
        for steady in (True, True, False)
    ]
    assert said[0] == said[1] != said[2]


@pytest.mark.models
def test_a_slower_voice_takes_longer() -> None:
    text = "Please tell me your order number."
    lengths = [
        len(b"".join(PiperSynthesizer(locate("joe-us"), "", length_scale=scale).synthesize(text)))
        for scale in (1.0, 1.5)
    ]
    assert lengths[1] > lengths[0] * 1.15  # chance lengthens and shortens what it says
