"""Frames: the telephone's unit of sound, 20 ms of 8 kHz 16-bit mono."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SAMPLE_RATE = 8000
"""Samples a second on the telephone (G.711)."""
FRAME_S = 0.02
"""Length of a frame, seconds; the usual packet time of RTP audio (RFC 3551, 4.2)."""
FRAME_SAMPLES = 160
FRAME_BYTES = 2 * FRAME_SAMPLES
SILENCE = bytes(FRAME_BYTES)
"""A frame of digital silence."""
SILENCE_DB = -100.0
"""Level given to digital silence, dBFS."""
SPEECH = 0.5
"""Probability from which a frame counts as speech, where nobody was speaking."""
STILL_SPEECH = 0.35
"""The same where somebody was a moment ago."""


def to_float(pcm: bytes) -> Floats:
    """16-bit little-endian samples as floats from -1 to 1.

    Raises:
        ValueError: the byte count is odd.
    """
    if len(pcm) % 2:
        raise ValueError(f"16-bit audio has an even number of bytes, not {len(pcm)}")
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768.0)


def to_pcm(samples: Floats) -> bytes:
    """Floats from -1 to 1 as 16-bit little-endian samples; what is louder is clipped."""
    scaled = np.clip(np.rint(samples * np.float32(32768.0)), -32768, 32767)
    return bytes(scaled.astype("<i2").tobytes())


def level_db(pcm: bytes) -> float:
    """Level of 16-bit samples in dBFS (RMS; a full-scale square wave is 0)."""
    if len(pcm) < 2:
        return SILENCE_DB
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    power = float(np.dot(samples, samples)) / samples.size
    return max(SILENCE_DB, 10.0 * math.log10(power / 2.0**30)) if power > 0 else SILENCE_DB
