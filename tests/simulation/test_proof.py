"""Who hears whom, by recordings that went through something like a telephone network."""

import numpy as np
import pytest
from sample_run import RATE, mu_law, voice

from voiceagent.simulation.proof import heard


def spoken(seed: int, pitch: float = 120.0) -> np.ndarray:
    pause = np.zeros(RATE // 2, np.float32)
    return np.concatenate([voice(2.0, seed, pitch), pause, voice(1.5, seed + 100, pitch), pause])


def telephone(
    samples: np.ndarray,
    delay_s: float = 0.15,
    loss: float = 0.0,
    noise: float = 0.0,
    gain: float = 1.0,
) -> np.ndarray:
    rng = np.random.default_rng(3)
    coded = mu_law(samples * gain)
    frames = coded[: len(coded) // 160 * 160].reshape(-1, 160).copy()
    frames[rng.random(len(frames)) < loss] = 0
    late = np.concatenate([np.zeros(round(delay_s * RATE)), frames.ravel()])
    return late + rng.normal(0, noise, len(late)) if noise else late


@pytest.mark.parametrize("delay_s", [0.0, 0.08, 0.3, 0.5])
def test_a_voice_is_heard_through_mu_law_at_any_usual_delay(delay_s):
    result = heard(spoken(1), telephone(spoken(1), delay_s), RATE)
    assert result
    assert result.delay_s == pytest.approx(delay_s, abs=0.002)
    assert result.correlation > 0.95
    assert result.foreign < 0.05


@pytest.mark.parametrize("trouble", [{"loss": 0.05}, {"noise": 0.005}, {"gain": 0.1}])
def test_a_voice_is_heard_in_spite_of(trouble):
    assert heard(spoken(2), telephone(spoken(2), **trouble), RATE)


@pytest.mark.parametrize("pitch", [90.0, 120.0, 210.0])
def test_another_voice_is_not_heard(pitch):
    result = heard(spoken(1), telephone(spoken(40, pitch)), RATE)
    assert not result
    assert result.share < 0.2
    assert result.foreign > 0.8


def test_the_same_voice_with_other_words_is_not_heard():
    assert not heard(spoken(1), telephone(spoken(2)), RATE)


def test_silence_proves_nothing():
    silence = np.zeros(4 * RATE)
    assert not heard(silence, silence, RATE)
    assert not heard(spoken(1), silence, RATE)
    assert not heard(silence, spoken(1), RATE)
    assert not heard(np.zeros(0), np.zeros(0), RATE)


def test_a_moment_of_sound_is_not_enough():
    short = np.pad(voice(0.3, 5), (RATE, RATE))
    assert not heard(short, short, RATE)


def test_a_third_voice_beside_the_sender_shows_as_foreign():
    sent = np.concatenate([spoken(1), np.zeros(5 * RATE)])
    other = np.concatenate([np.zeros(5 * RATE), spoken(9)])
    length = min(len(sent), len(other))
    result = heard(sent, telephone(sent[:length] + other[:length]), RATE)
    assert result
    assert result.foreign > 0.3


def test_a_voice_mixed_with_another_is_still_found():
    assert heard(spoken(7), telephone(spoken(1) + spoken(7)), RATE)


def test_tones_are_told_apart():
    t = np.arange(4 * RATE) / RATE
    low, high = 0.1 * np.sin(2 * np.pi * 440 * t), 0.1 * np.sin(2 * np.pi * 620 * t)
    assert heard(low, telephone(low), RATE)
    assert not heard(low, telephone(high), RATE)


def test_a_delay_that_moves_while_the_jitter_buffer_adapts_does_no_harm():
    sent = np.concatenate([spoken(1), spoken(2)])
    middle = len(sent) // 2
    received = np.concatenate([telephone(sent[:middle], 0.10), np.zeros(480), sent[middle:]])
    assert heard(sent, received, RATE)
