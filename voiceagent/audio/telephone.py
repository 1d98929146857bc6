"""The telephone line: what is left of a voice behind 300 to 3400 Hz, 8 kHz and G.711."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfilt

from voiceagent.audio.frames import SAMPLE_RATE, Floats
from voiceagent.audio.resample import Resampler

BAND_HZ = (300.0, 3400.0)
"""Pass band of a telephone channel (ITU-T G.712)."""


class Telephone:
    """Puts a stream of samples of any rate from 8 kHz up through the telephone."""

    def __init__(self, rate: int) -> None:
        self._band = butter(4, BAND_HZ, "bandpass", fs=rate, output="sos")
        self._state = np.zeros((self._band.shape[0], 2))
        self._resampler = Resampler(rate, SAMPLE_RATE)

    def push(self, samples: Floats) -> Floats:
        """The samples that are ready, at 8 kHz."""
        filtered, self._state = sosfilt(self._band, samples, zi=self._state)
        return mu_law(self._resampler.push(filtered.astype(np.float32)))

    def flush(self) -> Floats:
        """What was held back."""
        return mu_law(self._resampler.flush())


def telephone(samples: Floats, rate: int) -> Floats:
    """A whole recording as it comes out of the telephone, at 8 kHz."""
    line = Telephone(rate)
    return np.concatenate([line.push(samples), line.flush()])


def mu_law(samples: Floats) -> Floats:
    """Samples after the mu-law codec and back (G.711's curve, 8 bits)."""
    size = np.minimum(np.abs(samples), 1.0)
    steps = np.rint(127 * np.log1p(255 * size) / np.log(256)) / 127
    return np.asarray(np.sign(samples) * np.expm1(steps * np.log(256)) / 255, np.float32)
