"""A language chooses recogniser and voice, or is refused."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from voiceagent.audio.frames import to_float
from voiceagent.config import Config
from voiceagent.speech.engines import Engines, load_voice
from voiceagent.speech.languages import for_language, language_problems, voice_settings
from voiceagent.speech.models import ModelError, locate
from voiceagent.speech.piper import SynthesisError

SETTINGS = {
    "dialplan": "plan.yaml",
    "speech": {
        "languages": {
            "ko": {"vosk_model": "vosk-ko", "engine": "vosk", "synthesizer": "tcp:tts:10200"},
            "en-GB": {"voice": "bright"},
        },
        "voices": {"bright": {"model": "joe-us", "pitch": 1.3, "speed": 1.2}},
    },
}


@pytest.fixture
def config() -> Config:
    return Config.model_validate(SETTINGS)


def test_a_language_has_its_own_recogniser_and_voice(config: Config) -> None:
    korean = for_language(config, "ko").speech
    assert (korean.engine, korean.vosk_model) == ("vosk", "vosk-ko")
    assert korean.synthesizer == "tcp:tts:10200"
    assert for_language(config, "en-GB").speech.voice == "bright"
    assert for_language(config, "en").speech == config.speech


def test_a_small_model_that_does_not_know_the_language_is_left_out(config: Config) -> None:
    assert config.speech.small_model == "whisper-tiny-en"
    assert for_language(config, "de").speech.small_model == ""


def test_what_a_language_has_is_enough(config: Config) -> None:
    assert language_problems(for_language(config, "ko").speech, "ko") == []
    assert language_problems(config.speech, "en-GB", "bright") == []


def test_a_language_without_a_voice_is_refused_with_the_setting_and_the_mend(
    config: Config,
) -> None:
    (problem,) = language_problems(for_language(config, "de").speech, "de")
    assert problem == (
        "speech.voice is joe-us, which speaks en, not de: set speech.languages.de.voice to a "
        "Piper voice that does, or .synthesizer to a Wyoming service"
    )


def test_a_language_without_a_recogniser_is_refused_with_the_setting_and_the_mend() -> None:
    speech = Config.model_validate(
        {"dialplan": "p", "speech": {"whisper_model": "whisper-tiny-en", "synthesizer": "tcp:a:1"}}
    ).speech
    (problem,) = language_problems(speech, "de")
    assert problem == (
        "speech.whisper_model is whisper-tiny-en, which hears en, not de: set "
        "speech.languages.de.vosk_model or .whisper_model to a model that knows it, or "
        ".recognizer to a Wyoming service"
    )


def test_a_language_that_no_whisper_knows_is_refused(config: Config) -> None:
    problems = language_problems(config.speech, "xx")
    assert any("speech.whisper_model" in problem for problem in problems)


def test_a_voice_that_nobody_knows_is_named(config: Config) -> None:
    (problem,) = language_problems(config.speech, "en", "brite")
    assert problem.startswith("the dialplan's voice is brite, which is neither in speech.voices")


def test_a_voice_file_of_ones_own_tells_its_language(tmp_path: Path) -> None:
    voice = tmp_path / "anna.onnx"
    voice.write_bytes(b"voice")
    voice.with_name("anna.onnx.json").write_text('{"espeak": {"voice": "de"}}')
    speech = Config.model_validate({"dialplan": "p", "speech": {"voice": str(voice)}}).speech
    assert language_problems(speech, "de") == []
    assert "which speaks de, not en" in language_problems(speech, "en")[0]


def test_a_voice_file_that_differs_from_its_hash_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICEAGENT_MODELS", str(tmp_path / "store"))
    voice = tmp_path / "anna.onnx"
    voice.write_bytes(b"voice")
    right = hashlib.sha256(b"voice").hexdigest()
    assert locate(str(voice), right) == voice
    with pytest.raises(ModelError, match=f"its SHA-256 is {right}, not 00"):
        locate(str(voice), "00")


@pytest.mark.models
def test_a_second_voice_made_by_configuration_sounds_otherwise(config: Config) -> None:
    text = "Thank you for calling, what can I do for you today?"

    def spoken(name: str) -> np.ndarray:
        return to_float(b"".join(load_voice(config.speech, name).synthesize(text)))

    plain, bright = spoken("joe-us"), spoken("bright")
    assert voice_settings(config.speech, "bright").pitch == 1.3
    # Spoken a fifth faster; a voice has chance in it.
    assert 0.7 < bright.size / plain.size < 0.95
    assert _centre(bright) > 1.05 * _centre(plain)


def _centre(speech: np.ndarray) -> float:
    """Middle of the power below 1 kHz, Hz: it rises with the pitch."""
    power = np.abs(np.fft.rfft(speech)) ** 2
    hertz = np.fft.rfftfreq(speech.size, 1 / 8000)
    low = hertz < 1000
    return float((hertz[low] * power[low]).sum() / power[low].sum())


@pytest.mark.models
def test_the_service_speaks_with_the_voices_of_the_settings_and_no_others() -> None:
    settings = {**SETTINGS, "speech": {**SETTINGS["speech"], "recognizer": "tcp:asr:10300"}}
    engines = Engines(Config.model_validate(settings))
    assert engines.voice("bright").name == "bright"
    assert engines.voice(None).name == "joe-us"
    with pytest.raises(SynthesisError, match="there is no voice 'dark'"):
        engines.voice("dark")
