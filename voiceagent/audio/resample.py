"""Resampling, band-limited, in one piece or as a stream.

A polyphase FIR filter (Crochiere and Rabiner, 1983) with a Kaiser window: flat to 92 % of the
lower Nyquist frequency, aliases below -70 dB. Pieces of a stream give exactly the samples
that the whole would give.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy.signal import firwin, upfirdn

from voiceagent.audio.frames import Floats

_HALF_WIDTH = 32
"""Half the filter's length, in samples of the lower rate."""


class Resampler:
    """Changes the rate of a stream of samples."""

    def __init__(self, source_rate: int, target_rate: int) -> None:
        if source_rate <= 0 or target_rate <= 0:
            raise ValueError(f"cannot resample from {source_rate} Hz to {target_rate} Hz")
        divisor = math.gcd(source_rate, target_rate)
        self._up, self._down = target_rate // divisor, source_rate // divisor
        self._filter, self._done = _design(self._up, self._down)
        self._kept = np.zeros(0, np.float32)
        self._taken = 0
        self._given = 0

    def push(self, samples: Floats) -> Floats:
        """The samples that are ready; the filter holds back a few milliseconds."""
        if self._up == self._down:
            return samples
        self._taken += samples.size
        ready = self._filtered(samples)
        self._given += ready.size
        return ready

    def flush(self) -> Floats:
        """What was held back; the stream then has its full length and may begin anew."""
        if self._up == self._down:
            return np.zeros(0, np.float32)
        missing = -(-self._taken * self._up // self._down) - self._given
        tail = np.zeros(self._filter.size // self._up + self._down, np.float32)
        rest = self._filtered(tail)[:missing]
        self._kept = np.zeros(0, np.float32)
        self._taken = self._given = 0
        self._done = _design(self._up, self._down)[1]
        return rest

    def _filtered(self, samples: Floats) -> Floats:
        self._kept = np.concatenate([self._kept, samples.astype(np.float32, copy=False)])
        if not self._kept.size:
            return self._kept
        count = (self._kept.size - 1) * self._up // self._down + 1
        if count <= self._done:
            return np.zeros(0, np.float32)
        output = upfirdn(self._filter, self._kept, self._up, self._down)[self._done : count]
        # Input is dropped in whole blocks, so that the filter's phase stays where it is.
        oldest_needed = max(0, (count * self._down - self._filter.size + 1) // self._up)
        blocks = oldest_needed // self._down
        self._kept = self._kept[blocks * self._down :]
        self._done = count - blocks * self._up
        return np.asarray(output, np.float32)


def resample(samples: Floats, source_rate: int, target_rate: int) -> Floats:
    """A whole recording at another rate."""
    resampler = Resampler(source_rate, target_rate)
    return np.concatenate([resampler.push(samples), resampler.flush()])


@cache
def _design(up: int, down: int) -> tuple[Floats, int]:
    """The filter, and how many first outputs belong to its delay."""
    half = _HALF_WIDTH * max(up, down)
    taps = firwin(2 * half + 1, 0.96 / max(up, down), window=("kaiser", 7.0)) * up
    # Zeros in front make the delay a whole number of output samples.
    padding = -half % down
    padded = np.concatenate([np.zeros(padding), taps]).astype(np.float32)
    return padded, (half + padding) // down
