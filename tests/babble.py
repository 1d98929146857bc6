"""Sound that voice activity takes for speech, made by rule: vowels one after another."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from voiceagent.audio.frames import SAMPLE_RATE, to_pcm

_FORMANTS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480))
"""Of ah, ee, oo, eh (Peterson and Barney, 1952)."""
_VOWEL_S = 0.16
_PITCH_HZ = 120.0
_BANDWIDTH_HZ = 90.0


def babble(seconds: float, level_db: float = -20.0) -> bytes:
    """So much of it, at this level (RMS, dBFS), 16-bit at 8 kHz."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitch = _PITCH_HZ * (1 + 0.15 * np.sin(2 * np.pi * 0.8 * time))
    pulses = np.diff(np.floor(np.cumsum(pitch) / SAMPLE_RATE), prepend=0.0)
    breath = 0.01 * np.random.default_rng(1).standard_normal(time.size)
    source = lfilter([1], [1, -0.95], pulses) + breath
    step = round(_VOWEL_S * SAMPLE_RATE)
    vowels = [
        _vowel(source[start : start + step], _FORMANTS[number % len(_FORMANTS)])
        for number, start in enumerate(range(0, time.size, step))
    ]
    sound = np.concatenate(vowels)
    sound *= 10 ** (level_db / 20) / np.sqrt(np.mean(sound**2))
    return to_pcm(sound.astype(np.float32))


def _vowel(source: np.ndarray, formants: tuple[int, ...]) -> np.ndarray:
    radius = np.exp(-np.pi * _BANDWIDTH_HZ / SAMPLE_RATE)
    for hertz in formants:
        turn = 2 * radius * np.cos(2 * np.pi * hertz / SAMPLE_RATE)
        source = lfilter([1 - radius], [1, -turn, radius**2], source)
    swell = np.sin(np.pi * (np.arange(source.size) + 0.5) / (_VOWEL_S * SAMPLE_RATE))
    return source / (np.sqrt(np.mean(source**2)) + 1e-9) * np.sqrt(np.maximum(swell, 0))
