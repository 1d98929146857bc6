"""Where there is sound: stretches of activity in a recording, by energy."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.floating[Any]]

FRAME_S = 0.01
_FAINTEST_DB = -50.0
_BELOW_LOUD_DB = 25.0
_ABOVE_FLOOR_DB = 10.0
_SHORTEST_S = 0.06


class Stretch(NamedTuple):
    """A stretch of sound, seconds from the start of the recording."""

    start_s: float
    end_s: float


def levels(samples: Samples, rate: int) -> NDArray[np.float64]:
    """Level of each 10 ms in dBFS (RMS; samples from -1 to 1), -120 for digital silence."""
    frame = round(FRAME_S * rate)
    whole = samples[: len(samples) // frame * frame].astype(np.float64)
    power = np.mean(whole.reshape(-1, frame) ** 2, axis=1) if whole.size else np.zeros(0)
    return np.asarray(10 * np.log10(np.maximum(power, 1e-12)))


def active(samples: Samples, rate: int) -> NDArray[np.bool_]:
    """Which 10 ms frames hold sound, against the recording's own noise and loudest parts."""
    level = levels(samples, rate)
    if not level.size:
        return np.zeros(0, np.bool_)
    loud = float(np.percentile(level, 98))
    floor = float(np.percentile(level, 10))
    least = max(_FAINTEST_DB, min(floor + _ABOVE_FLOOR_DB, loud - _ABOVE_FLOOR_DB))
    return level >= max(least, loud - _BELOW_LOUD_DB)


def stretches(samples: Samples, rate: int, join_s: float = 0.3) -> list[Stretch]:
    """Stretches of sound; pauses of less than `join_s` belong to them, clicks do not count."""
    edges = np.flatnonzero(np.diff(np.pad(active(samples, rate).astype(np.int8), 1)))
    found: list[Stretch] = []
    for start, end in edges.reshape(-1, 2) * FRAME_S:
        if end - start < _SHORTEST_S:
            continue
        if found and start - found[-1].end_s < join_s:
            found[-1] = Stretch(found[-1].start_s, float(end))
        else:
            found.append(Stretch(float(start), float(end)))
    return found
