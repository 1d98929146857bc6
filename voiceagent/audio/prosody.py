"""How something was said: acoustic measures of one utterance at telephone quality.

The measures follow the Geneva minimalistic set (Eyben et al., IEEE Trans. Affective Computing,
2016) as far as 300 to 3400 Hz at 8 kHz leave it standing: the fundamental itself is missing on
the telephone, so pitch comes from the autocorrelation of its harmonics (Boersma, IFA
Proceedings 17, 1993). Everything but `level` is independent of the gain of the line.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d

Array = NDArray[np.float32]

FRAME_S = 0.040
HOP_S = 0.010
PITCH_HZ = (75.0, 500.0)
PITCH_SPAN = 0.9
"""Octaves about the middle of its pitch within which an utterance is followed."""
MIN_VOICED_S = 0.25
MIN_PERIODICITY = 0.5
FLOOR_DB = 30.0
"""Frames this far under the loudest one are silence."""
MFCC_COUNT = 12


def measure(samples: Array, rate: int = 8000) -> dict[str, float] | None:
    """Measure one utterance.

    Args:
        samples: mono, -1 to 1, of any length.
        rate: samples per second; 8000 is what the anger model was trained on.

    Returns:
        The measures by name, or None when less than 0.25 s of it is voiced: pitch in semitones
        above 100 Hz, levels in dB, times in seconds, rates per second.
    """
    length, hop = int(FRAME_S * rate), int(HOP_S * rate)
    if len(samples) < length + hop:
        return None
    wave = np.ascontiguousarray(samples, dtype=np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(wave, length)[::hop]
    window = np.hanning(length).astype(np.float32)
    size = scipy.fft.next_fast_len(2 * length, real=True)
    spectra = scipy.fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * window, size, axis=1)
    power = (spectra.real**2 + spectra.imag**2).astype(np.float32)
    level = 10 * np.log10(power.mean(axis=1) + 1e-9)
    pitch, periodicity = _pitch(power, window, size, rate)
    level = np.maximum(level, level.max() - FLOOR_DB)
    sounding = level > level.max() - FLOOR_DB
    voiced = sounding & (periodicity > MIN_PERIODICITY)
    if voiced.sum() * HOP_S < MIN_VOICED_S:
        return None
    measures = _pitch_measures(pitch, voiced)
    measures |= _level_measures(level, voiced, sounding)
    measures |= _voice_measures(periodicity, pitch, level, voiced)
    measures |= _spectrum_measures(power, voiced, rate, size)
    return {name: float(value) for name, value in measures.items()}


def _pitch(power: Array, window: Array, size: int, rate: int) -> tuple[Array, Array]:
    """Semitones above 100 Hz and periodicity (0 to 1) of each frame."""
    shape = scipy.fft.irfft(np.abs(scipy.fft.rfft(window, size)) ** 2)
    shortest, longest = int(rate / PITCH_HZ[1]), int(rate / PITCH_HZ[0])
    correlation = scipy.fft.irfft(power, size, axis=1)[:, : longest + 2]
    correlation = correlation / (correlation[:, :1] + 1e-9) / (shape[: longest + 2] / shape[0])
    lags = np.arange(shortest, longest + 1)
    # A slight preference for short periods keeps the pitch from falling an octave.
    scores = correlation[:, lags] - 0.02 * np.log2(lags / shortest)
    # A second look only about the speaker's own pitch (Hirst, Speech Prosody 2007) mends most
    # of the octaves that the missing fundamental costs.
    loud = power.mean(axis=1) > power.mean(axis=1).max() * 10 ** (-FLOOR_DB / 10)
    clear = loud & (scores.max(axis=1) > MIN_PERIODICITY)
    if clear.any():
        middle = np.median(lags[np.argmax(scores[clear], axis=1)])
        scores = np.where(np.abs(np.log2(lags / middle)) < PITCH_SPAN, scores, -1)
    best = lags[np.argmax(scores, axis=1)]
    rows = np.arange(len(best))
    before, here, after = (correlation[rows, best + step] for step in (-1, 0, 1))
    curvature = before - 2 * here + after
    shift = np.where(curvature < -1e-6, 0.5 * (before - after) / np.minimum(curvature, -1e-6), 0)
    semitones = 12 * np.log2(rate / (best + np.clip(shift, -0.5, 0.5)) / 100)
    return median_filter(semitones, 5).astype(np.float32), np.clip(here, 0, 0.9999)


def _pitch_measures(pitch: Array, voiced: NDArray[np.bool_]) -> dict[str, Any]:
    low, median, high = np.percentile(pitch[voiced], [10, 50, 90])
    steps = np.diff(pitch)[voiced[1:] & voiced[:-1]]
    glides = steps[np.abs(steps) < 2]
    where = np.flatnonzero(voiced)
    return {
        "pitch": median,
        "pitch_low": low,
        "pitch_high": high,
        "pitch_range": high - low,
        "pitch_deviation": pitch[voiced].std(),
        "pitch_slope": np.polyfit(where * HOP_S, pitch[voiced], 1)[0],
        "pitch_movement": np.abs(glides).mean() / HOP_S if len(glides) else 0.0,
        "pitch_fall": -glides[glides < 0].sum() / max(len(glides), 1) / HOP_S,
    }


def _level_measures(
    level: Array, voiced: NDArray[np.bool_], sounding: NDArray[np.bool_]
) -> dict[str, Any]:
    smooth = uniform_filter1d(level, 5, mode="nearest")
    inner = smooth[1:-1]
    peaks = (inner > smooth[:-2]) & (inner >= smooth[2:]) & voiced[1:-1]
    where = np.flatnonzero(sounding)
    extent = slice(where[0], where[-1] + 1)
    seconds = (where[-1] - where[0] + 1) * HOP_S
    edges = int(np.sum(voiced[1:] & ~voiced[:-1])) + int(voiced[0])
    low, median, high = np.percentile(level[voiced], [10, 50, 90])
    return {
        "level": 10 * np.log10(np.mean(10 ** (level[voiced] / 10))),
        "level_range": high - low,
        "level_deviation": level[voiced].std(),
        "level_skew": high + low - 2 * median,
        "level_rise": np.maximum(np.diff(smooth[extent]), 0).mean() / HOP_S
        if seconds > 0.05
        else 0,
        "peak_rate": peaks.sum() / seconds,
        "voiced_share": voiced[extent].mean(),
        "voiced_length": np.log(voiced.sum() * HOP_S / max(edges, 1)),
        "pause_share": 1 - sounding[extent].mean(),
    }


def _voice_measures(
    periodicity: Array, pitch: Array, level: Array, voiced: NDArray[np.bool_]
) -> dict[str, Any]:
    harmonicity = 10 * np.log10(periodicity[voiced] / (1 - periodicity[voiced]))
    both = voiced[1:] & voiced[:-1]
    jumps = np.abs(np.diff(pitch))[both]
    return {
        "harmonicity": harmonicity.mean(),
        "harmonicity_deviation": harmonicity.std(),
        "jitter": np.log(np.median(jumps) + 0.01) if len(jumps) else -4.6,
        "shimmer": np.abs(np.diff(level))[both].mean() if len(jumps) else 0.0,
    }


def _spectrum_measures(
    power: Array, voiced: NDArray[np.bool_], rate: int, size: int
) -> dict[str, Any]:
    frequencies = np.arange(power.shape[1]) * rate / size
    energies = power[voiced] @ _filterbank(rate, size)
    bands = 10 * np.log10(energies + 1e-4 * energies.mean())
    share = bands - bands.mean(axis=1, keepdims=True)
    mean = share.mean(axis=0)
    octaves = np.log2(_band_centres(rate))
    long_term = power[voiced].mean(axis=0)

    def energy(low: float, high: float) -> Any:
        inside = (frequencies >= low) & (frequencies < high)
        return 10 * np.log10(long_term[inside].sum() + 1e-9)

    def peak(low: float, high: float) -> Any:
        inside = (frequencies >= low) & (frequencies < high)
        return 10 * np.log10(long_term[inside].max() + 1e-9)

    weights = power[voiced][:, (frequencies >= 300) & (frequencies <= 3400)]
    centre = frequencies[(frequencies >= 300) & (frequencies <= 3400)]
    centroid = (weights @ centre) / (weights.sum(axis=1) + 1e-9)
    cepstra = scipy.fft.dct(bands, axis=1, norm="ortho")[:, 1 : MFCC_COUNT + 1]
    return (
        {
            "tilt": np.polyfit(octaves, mean, 1)[0],
            "alpha_ratio": energy(1000, 3400) - energy(300, 1000),
            "hammarberg": peak(300, 2000) - peak(2000, 3400),
            "high_share": energy(2000, 3400) - energy(300, 3400),
            "low_share": energy(300, 600) - energy(300, 3400),
            "centroid": centroid.mean() / 1000,
            "centroid_deviation": centroid.std() / 1000,
            "flux": np.abs(np.diff(share, axis=0)).mean() if len(share) > 1 else 0.0,
        }
        | {f"cepstrum_{i}": value for i, value in enumerate(cepstra.mean(axis=0), 1)}
        | {f"cepstrum_{i}_deviation": value for i, value in enumerate(cepstra.std(axis=0), 1)}
    )


_banks: dict[tuple[int, int], Array] = {}


def _mel(hz: Any) -> Any:
    return 2595 * np.log10(1 + hz / 700)


def _edges() -> Any:
    return 700 * (10 ** (np.linspace(_mel(300), _mel(3400), 22) / 2595) - 1)


def _band_centres(rate: int) -> Any:
    return _edges()[1:-1]


def _filterbank(rate: int, size: int) -> Array:
    """Triangular mel filters over the telephone band, bins × bands."""
    if (rate, size) not in _banks:
        edges = _edges()
        frequencies = np.arange(size // 2 + 1)[:, None] * rate / size
        low, centre, high = edges[:-2], edges[1:-1], edges[2:]
        rising, falling = (
            (frequencies - low) / (centre - low),
            (high - frequencies) / (high - centre),
        )
        _banks[rate, size] = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return _banks[rate, size]
