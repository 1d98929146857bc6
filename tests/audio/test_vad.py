"""Voice activity, with the real network."""

import numpy as np
import pytest

from voiceagent.audio.frames import FRAME_BYTES, FRAME_SAMPLES, to_float, to_pcm
from voiceagent.audio.level import LevelTracker
from voiceagent.audio.tones import comfort_noise, ringback, tone
from voiceagent.audio.vad import Activity, VoiceActivity
from voiceagent.simulation.acting import Cast
from voiceagent.simulation.noises import noise
from voiceagent.speech.models import locate
from voiceagent.speech.piper import PiperSynthesizer


def frames(pcm: bytes) -> list[bytes]:
    whole = len(pcm) // FRAME_BYTES * FRAME_BYTES
    return [pcm[start : start + FRAME_BYTES] for start in range(0, whole, FRAME_BYTES)]


def run(pcm: bytes) -> list[Activity]:
    voice = VoiceActivity()
    return [voice.push(frame) for frame in frames(pcm)]


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    """About 4 s of a synthesised voice, its active part at -20 dBFS."""
    voice = PiperSynthesizer(locate("joe-us"), "joe-us", steady=True)
    text = "My parcel was to arrive last week. I would like to know where it is."
    return to_float(b"".join(voice.synthesize(text)))


def at(sound: np.ndarray, change_db: float) -> bytes:
    return to_pcm((sound * 10 ** (change_db / 20)).astype(np.float32))


@pytest.mark.parametrize(
    "sound",
    [
        bytes(16000),
        comfort_noise(1.0, -50.0, seed=1),
        comfort_noise(1.0, -30.0, seed=1),
        tone(697, 1209, seconds=1.0, level_db=-10.0),
        ringback(),
    ],
    ids=["silence", "noise", "loud-noise", "dtmf", "ringback"],
)
def test_sounds_of_the_line_are_not_speech(sound: bytes) -> None:
    assert max(activity.probability for activity in run(sound)) < 0.5


@pytest.mark.models
def test_a_voice_is_speech_and_its_level_is_told(speech: np.ndarray) -> None:
    spoken = run(comfort_noise(0.5, -60.0, seed=2) + at(speech, 0.0))[25:]
    assert np.mean([activity.probability > 0.5 for activity in spoken]) > 0.6
    assert max(activity.level_db for activity in spoken) == pytest.approx(-14, abs=4)


@pytest.mark.models
def test_single_words_are_heard_after_silence_however_long_the_call(speech: np.ndarray) -> None:
    voice = PiperSynthesizer(locate("joe-us"), "joe-us", steady=True)
    digits = ("Four.", "Six.", "Nine.", "Two.", "Eight.", "One.", "Seven.", "Three.")
    words = [to_float(b"".join(voice.synthesize(word))) for word in digits]
    silence = bytes(3 * 16000)
    said = at(speech, 0.0) + silence + b"".join(at(word, 0.0) + silence for word in words * 2)
    late = run(said)[(speech.size + len(silence) // 2) // FRAME_SAMPLES :]
    loud = [activity for activity in late if activity.level_db > -30]
    assert np.mean([activity.probability > 0.5 for activity in loud]) > 0.8


@pytest.mark.models
@pytest.mark.parametrize("change_db", [-20.0, 6.0])
def test_a_quiet_caller_is_heard_as_a_loud_one(speech: np.ndarray, change_db: float) -> None:
    spoken = run(comfort_noise(0.5, -65.0, seed=2) + at(speech, change_db))[25:]
    assert np.mean([activity.probability > 0.5 for activity in spoken]) > 0.5


@pytest.mark.models
def test_a_distant_voice_does_not_count_once_the_caller_is_known(speech: np.ndarray) -> None:
    pause = comfort_noise(1.0, -65.0, seed=3)
    alone = run(pause + at(speech, -30.0))[50:]
    after = run(at(speech, 0.0) + pause + at(speech, -30.0))[-len(alone) :]
    assert np.mean([activity.probability > 0.5 for activity in alone]) > 0.35
    assert np.mean([activity.probability > 0.5 for activity in after]) < 0.05


@pytest.mark.models
def test_the_end_of_speech_is_told_within_a_few_frames(speech: np.ndarray) -> None:
    sound = speech[: np.flatnonzero(np.abs(speech) > 0.02)[-1]]
    ended = len(sound) / 8000
    heard = run(comfort_noise(1.0, -65.0, seed=2) + at(sound, 0.0) + comfort_noise(1.0, -65.0))
    last = max(number for number, one in enumerate(heard) if one.probability > 0.5)
    assert (last + 1) * 0.02 - 1.0 == pytest.approx(ended, abs=0.1)


@pytest.mark.models
def test_people_who_talk_around_the_caller_are_no_speech_before_and_after_it(
    speech: np.ndarray,
) -> None:
    around = noise("babble", 13.0, -45.0, np.random.default_rng(1), Cast())
    sound = around.copy()
    sound[6 * 8000 : 6 * 8000 + speech.size] += speech
    heard = [activity.probability > 0.5 for activity in run(to_pcm(sound))]
    ended = 6 + speech.size / 8000
    assert np.mean(heard[125:290]) < 0.2
    assert np.mean(heard[300 : round(ended * 50)]) > 0.4
    assert np.mean(heard[round((ended + 0.4) * 50) :]) < 0.2


def test_long_speech_without_a_pause_does_not_become_its_own_background() -> None:
    random = np.random.default_rng(1)
    levels = LevelTracker()
    passed = []
    for _ in range(1000):
        # A sixth of fluent speech is closures of stops, 30 dB down.
        level = -50.0 if random.random() < 0.16 else random.uniform(-28.0, -16.0)
        levels.push(level, 0.9)
        passed.append(level > levels.background_db)
    assert np.mean(passed) > 0.7


def test_a_frame_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="320 bytes, not 160"):
        VoiceActivity().push(bytes(FRAME_SAMPLES))


def test_the_noise_floor_is_learned_in_pauses_only() -> None:
    levels = LevelTracker()
    for _ in range(500):
        levels.push(-45.0, 0.0)
    assert levels.floor_db == pytest.approx(-45, abs=1)
    for _ in range(500):
        levels.push(-15.0, 0.9)
    assert levels.floor_db == pytest.approx(-45, abs=1)
    assert levels.caller_db == pytest.approx(-15, abs=0.1)
