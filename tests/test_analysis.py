"""Recordings in, utterances out."""

import asyncio
import tracemalloc
import wave
from pathlib import Path

import numpy as np
import pytest

from voiceagent.analysis import AnalysisError, Analyzer, Finding, Settings
from voiceagent.audio.cuts import cuts
from voiceagent.audio.frames import to_float, to_pcm
from voiceagent.audio.resample import resample
from voiceagent.audio.wav import AudioFileError
from voiceagent.config import Speech
from voiceagent.dialogue.loader import load as load_dialplan
from voiceagent.speech.engines import load_recognizer
from voiceagent.speech.models import locate
from voiceagent.speech.piper import PiperSynthesizer
from voiceagent.speech.recognizer import RecognitionError, Recognizer

pytestmark = pytest.mark.models

ORDER = "Where is my order? I have been waiting for a week."
ANGRY = "This is ridiculous. Let me speak to a real person now."


@pytest.fixture(scope="module")
def voice() -> PiperSynthesizer:
    return PiperSynthesizer(locate("joe-us"), "joe-us", rate=16000, steady=True)


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return load_recognizer(Speech(workers=1))


def spoken(voice: PiperSynthesizer, text: str, before_s: float = 1.0) -> np.ndarray:
    """A sentence of the voice at 16 kHz, with a line's noise before it and after it."""
    speech = to_float(b"".join(voice.synthesize(text)))
    sound = np.concatenate([np.zeros(round(before_s * 16000)), speech, np.zeros(16000)])
    return (sound + np.random.default_rng(0).normal(0, 3e-4, sound.size)).astype(np.float32)


def write(path: Path, *channels: np.ndarray, rate: int = 16000) -> Path:
    size = max(channel.size for channel in channels)
    both = np.stack([np.pad(channel, (0, size - channel.size)) for channel in channels], axis=1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(to_pcm(both.reshape(-1).astype(np.float32)))
    return path


def analyze(recognizer: Recognizer, path: Path, **options: object) -> list[Finding]:
    settings = Settings(**options.pop("settings", {}))

    async def run() -> list[Finding]:
        analyzer = await Analyzer.create(settings, recognizer, **options)
        return [finding async for finding in analyzer.analyze(path)]

    return asyncio.run(run())


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_what_is_said_is_found_with_its_times_in_the_file(
    voice: PiperSynthesizer, recognizer: Recognizer, tmp_path: Path, rate: int
) -> None:
    sound = resample(spoken(voice, ORDER, before_s=2.0), 16000, rate)
    path = write(tmp_path / "a.wav", sound, rate=rate)
    (found,) = analyze(recognizer, path)
    assert "my order" in found.text.lower()
    assert found.file == str(path)
    assert found.channel is None
    assert found.start_s == pytest.approx(2.0, abs=0.15)
    assert found.end_s == pytest.approx(sound.size / rate - 1.2, abs=0.25)
    times = [at for word in found.words for at in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert found.start_s <= times[0]
    assert times[-1] <= found.end_s
    assert found.engine == "whisper-base"
    assert found.confidence is not None
    assert found.anger_voice is not None


def test_each_channel_is_a_speaker_and_their_utterances_come_in_order(
    voice: PiperSynthesizer, recognizer: Recognizer, tmp_path: Path
) -> None:
    left, right = spoken(voice, ORDER, 0.5), spoken(voice, "What is its number?", 1.5)
    found = analyze(recognizer, write(tmp_path / "a.wav", left, right))
    assert [each.channel for each in found] == [1, 2]
    assert "order" in found[0].text
    assert "number" in found[1].text


def test_one_speaker_on_both_channels_is_heard_once(
    voice: PiperSynthesizer, tmp_path: Path
) -> None:
    sound = spoken(voice, ORDER)
    assert len([*cuts(write(tmp_path / "a.wav", sound, sound))]) == 1


def test_mixed_channels_are_one(voice: PiperSynthesizer, tmp_path: Path) -> None:
    left, right = spoken(voice, ORDER, 0.5), spoken(voice, "What is its number?", 7.0)
    found = [*cuts(write(tmp_path / "a.wav", left, right), mix=True)]
    assert [cut.channel for cut in found] == [None, None]


def test_anger_the_wish_for_a_person_and_topics_are_told_with_reasons(
    voice: PiperSynthesizer, recognizer: Recognizer, tmp_path: Path
) -> None:
    wrong_bill = spoken(voice, "I think my invoice is wrong.", before_s=6.0)
    path = write(tmp_path / "a.wav", spoken(voice, ANGRY), wrong_bill)
    plan = load_dialplan(Path(__file__).parents[1] / "dialplans" / "shop.yaml")
    angry, billed = analyze(recognizer, path, plan=plan)
    assert angry.anger > 0.5
    assert angry.anger > billed.anger
    assert angry.wish_for_person > 0.5 > billed.wish_for_person
    assert any("ridiculous" in reason.lower() for reason in angry.reasons)
    assert "billing" in billed.topics
    assert any("the topic billing belongs to people" in reason for reason in billed.reasons)


def test_a_calm_baseline_changes_what_a_raised_voice_means(
    voice: PiperSynthesizer, recognizer: Recognizer, tmp_path: Path
) -> None:
    calm = spoken(voice, ORDER) / 8
    path, quiet = write(tmp_path / "a.wav", calm * 8), write(tmp_path / "quiet.wav", calm)
    (alone,) = analyze(recognizer, path)
    (louder,) = analyze(recognizer, path, baseline=quiet)
    (same,) = analyze(recognizer, path, baseline=path)
    assert louder.arousal > same.arousal
    assert alone.arousal != same.arousal


def test_a_baseline_without_speech_is_refused(
    voice: PiperSynthesizer, recognizer: Recognizer, tmp_path: Path
) -> None:
    nothing = write(tmp_path / "nothing.wav", np.zeros(32000, np.float32))
    with pytest.raises(AnalysisError, match=r"nothing\.wav: no speech .* calm voice"):
        analyze(recognizer, nothing, baseline=nothing)


def test_a_language_the_model_does_not_know_is_refused_at_once(
    recognizer: Recognizer, tmp_path: Path
) -> None:
    with pytest.raises(RecognitionError, match="'xx'"):
        analyze(recognizer, tmp_path / "a.wav", settings={"language": "xx"})


def test_what_was_said_before_a_file_breaks_off_is_told(
    voice: PiperSynthesizer, recognizer: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path, rate: int) -> object:
        yield spoken(voice, ORDER)[None, :]
        raise AudioFileError(f"{path}: cannot be read as audio: broken")

    path = write(tmp_path / "a.wav", np.zeros(16000, np.float32))
    monkeypatch.setattr("voiceagent.analysis.wav.blocks", broken)
    told: list[str] = []

    async def run() -> None:
        analyzer = await Analyzer.create(Settings(), recognizer)
        async for finding in analyzer.analyze(path):
            told.append(finding.text)

    with pytest.raises(AudioFileError, match="broken"):
        asyncio.run(run())
    assert len(told) == 1


def test_a_long_file_takes_no_more_memory_than_its_longest_utterance(
    voice: PiperSynthesizer, tmp_path: Path
) -> None:
    minute = np.concatenate([spoken(voice, ORDER), np.zeros(55 * 16000, np.float32)])
    path = write(tmp_path / "long.wav", np.tile(minute, 5))
    tracemalloc.start()
    found = sum(1 for _ in cuts(path))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == 5
    assert most < 2_000_000 < path.stat().st_size
