"""Sounds made by rule."""

import numpy as np
import pytest

from voiceagent.audio.frames import level_db, to_float
from voiceagent.audio.tones import comfort_noise, hold_tune, ringback, tone


def strength(pcm: bytes, hertz: float) -> float:
    samples = to_float(pcm)
    time = np.arange(samples.size) / 8000
    return float(2 * abs(np.mean(samples * np.exp(-2j * np.pi * hertz * time))))


def test_a_tone_has_its_frequencies_and_its_level() -> None:
    sound = tone(697, 1209, seconds=1.0, level_db=-20.0)
    assert level_db(sound) == pytest.approx(-20, abs=0.2)
    assert strength(sound, 697) == pytest.approx(strength(sound, 1209), rel=0.02)
    assert strength(sound, 941) < strength(sound, 697) / 50


def test_ringback_rings_two_seconds_of_six() -> None:
    sound = ringback(2)
    assert len(sound) == 2 * 12 * 8000
    assert level_db(sound[: 2 * 16000]) > -25
    assert not any(sound[2 * 16000 : 2 * 48000])


def test_comfort_noise_is_soft_and_differs_from_call_to_call() -> None:
    assert level_db(comfort_noise(2.0, -60.0)) == pytest.approx(-60, abs=0.5)
    assert comfort_noise(0.1) != comfort_noise(0.1)
    assert comfort_noise(0.1, seed=4) == comfort_noise(0.1, seed=4)


def test_the_hold_tune_is_soft_and_joins_without_a_click() -> None:
    tune = to_float(hold_tune())
    assert level_db(hold_tune()) == pytest.approx(-26, abs=0.5)
    assert np.abs(tune).max() < 0.5
    steps = np.abs(np.diff(tune))
    assert abs(tune[0] - tune[-1]) <= steps.max()
