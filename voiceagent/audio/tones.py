"""Sounds made by rule: comfort noise, the hold tune, ringback and test tones.

All are 16-bit mono at 8 kHz.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from voiceagent.audio.frames import SAMPLE_RATE, Floats, to_pcm

_BEAT_S = 0.6
_TUNE = (
    # A slow broken chord a bar (MIDI note numbers): C, A minor, F, G, twice with another end.
    (60, 64, 67, 72),
    (57, 60, 64, 69),
    (53, 57, 60, 65),
    (55, 59, 62, 67),
    (60, 67, 64, 72),
    (57, 64, 60, 69),
    (53, 60, 57, 65),
    (55, 62, 59, 60),
)


def tone(*hertz: float, seconds: float, level_db: float = -20.0) -> bytes:
    """Sine waves of equal strength, together at `level_db` dBFS (RMS), edges softened."""
    samples = _sines(hertz, round(seconds * SAMPLE_RATE))
    return to_pcm(_softened(samples * _amplitude(level_db, len(hertz))))


def ringback(cycles: int = 1) -> bytes:
    """North American ringback: 440 and 480 Hz, 2 s on and 4 s off."""
    return (tone(440, 480, seconds=2.0) + bytes(2 * 4 * SAMPLE_RATE)) * cycles


def comfort_noise(seconds: float, level_db: float = -65.0, seed: int | None = None) -> bytes:
    """Soft low-pass noise at `level_db` dBFS (RMS), so that a silent line does not seem dead."""
    random = np.random.default_rng(seed)
    white = random.standard_normal(round(seconds * SAMPLE_RATE))
    # A one-pole low-pass, as a sum: a filter from scipy would cost every telephone 0.6 s of import.
    noise = np.convolve(white, 0.3 * 0.7 ** np.arange(32), "same")
    noise *= 10 ** (level_db / 20) / (np.sqrt(np.mean(noise**2)) + 1e-12)
    return to_pcm(noise.astype(np.float32))


@cache
def hold_tune() -> bytes:
    """About 19 s of a soft tune for a held caller; its end joins its beginning."""
    beat = round(_BEAT_S * SAMPLE_RATE)
    notes = [note for bar in _TUNE for note in bar]
    tune = np.zeros(beat * len(notes), np.float32)
    for number, note in enumerate(notes):
        plucked = _pluck(440.0 * 2 ** ((note - 69) / 12), 4 * beat)
        places = (number * beat + np.arange(plucked.size)) % tune.size
        tune[places] += plucked
    tune *= np.float32(10 ** (-26 / 20) / np.sqrt(np.mean(tune**2)))
    return to_pcm(tune)


def _pluck(hertz: float, count: int) -> Floats:
    time = np.arange(count) / SAMPLE_RATE
    partials = sum(np.sin(2 * np.pi * hertz * n * time) / n**2 for n in (1, 2, 3))
    envelope = (1 - np.exp(-time / 0.015)) * np.exp(-time / 0.5)
    return np.asarray(partials * envelope, np.float32)


def _sines(hertz: tuple[float, ...], count: int) -> NDArray[np.float64]:
    time = np.arange(count) / SAMPLE_RATE
    total: NDArray[np.float64] = sum(
        (np.sin(2 * np.pi * each * time) for each in hertz), np.zeros(count)
    )
    return total


def _amplitude(level_db: float, tones: int) -> float:
    return float(10 ** (level_db / 20) * np.sqrt(2.0 / tones))


def _softened(samples: NDArray[np.float64]) -> Floats:
    edge = min(40, samples.size // 2)
    if edge:
        ramp = np.linspace(0.0, 1.0, edge)
        samples[:edge] *= ramp
        samples[-edge:] *= ramp[::-1]
    return samples.astype(np.float32)
