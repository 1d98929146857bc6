"""Proof by recordings: whether what one side sent is what the other side received.

The sent signal is looked for in the received one window by window with the normalised
cross-correlation, which is 1 for the same waveform at any loudness and delay. It survives
G.711, a jitter buffer and some packet loss; another voice saying the same words does not pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import correlate

from voiceagent.simulation.sound import FRAME_S, Samples, active

WINDOW_S = 0.4
HOP_S = 0.1
_SOUND_IN_WINDOW = 0.5
"""Share of a window that must hold sound for the window to count."""
_SAME = 0.4
"""Correlation at which a window was heard: chance stays near 0.1, the telephone above 0.9."""
_MOST = 0.5
"""Share of windows that must have been heard."""
_WANDER_S = 0.12
"""How far the delay of a window may be from the median: a jitter buffer adapts."""
_FEWEST_WINDOWS = 5
_EMPHASIS = 0.95
_QUIETEST = 1e-4
"""Least power of what was heard, relative to what was sent (-40 dB)."""


@dataclass(frozen=True)
class Heard:
    """How much of a sent signal is found in a received one."""

    share: float
    """Share of the windows in which something was sent that were received, 0 to 1."""
    correlation: float
    """Median over those windows of the correlation's peak, 0 to 1."""
    delay_s: float
    """Median delay between the two recordings."""
    foreign: float
    """Share of the sound received that is not the sent signal, 0 to 1."""
    windows: int
    """How many windows the sender had something to say in."""

    def __bool__(self) -> bool:
        """Whether the signal arrived; never on less than a second of sound."""
        return self.windows >= _FEWEST_WINDOWS and self.share >= _MOST and self.correlation >= _SAME


def heard(
    sent: Samples,
    received: Samples,
    rate: int,
    earliest_s: float = -0.5,
    latest_s: float = 1.0,
) -> Heard:
    """Look for a sent signal in a received one.

    Both are mono, from -1 to 1, of shape (samples,), and begin at about the same moment: the
    signal is looked for from `earliest_s` to `latest_s` after the place it was sent at.
    """
    sound = active(sent, rate)
    size, before = round(WINDOW_S * rate), round(-earliest_s * rate)
    starts = [
        start
        for start in range(0, len(sent) - size + 1, round(HOP_S * rate))
        if _part(sound, start, size, rate).mean() >= _SOUND_IN_WINDOW
    ]
    sharp_sent, sharp_received = _sharpen(sent), _sharpen(received)
    after = round(latest_s * rate)
    padded = np.pad(sharp_received, (before, max(0, len(sent) - len(received)) + after + size))
    curves = np.array(
        [
            _correlation(sharp_sent[s : s + size], padded[s : s + size + before + after])
            for s in starts
        ]
    ).reshape(len(starts), before + after + 1)
    if not starts:
        return Heard(0.0, 0.0, 0.0, float(active(received, rate).any()), 0)

    lags, peaks = curves.argmax(axis=1), curves.max(axis=1)
    middle = int(np.median(lags[peaks >= min(_SAME, float(np.median(peaks)))]))
    wander = round(_WANDER_S * rate)
    first = max(0, middle - wander)
    near = curves[:, first : middle + wander + 1]
    peaks, lags = near.max(axis=1), near.argmax(axis=1) + first - before
    found = peaks >= _SAME
    return Heard(
        share=float(found.mean()),
        correlation=float(np.median(peaks)),
        delay_s=(middle - before) / rate,
        foreign=_foreign(received, rate, np.array(starts)[found] + lags[found], size),
        windows=len(starts),
    )


def _part(sound: NDArray[np.bool_], start: int, size: int, rate: int) -> NDArray[np.bool_]:
    frame = round(FRAME_S * rate)
    return sound[start // frame : (start + size) // frame]


def _sharpen(samples: Samples) -> NDArray[np.float64]:
    """Lift the treble: the bass of any two voices is alike."""
    signal = samples.astype(np.float64)
    return np.append(signal[:1], signal[1:] - _EMPHASIS * signal[:-1])


def _correlation(window: NDArray[np.float64], field: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normalised cross-correlation of a window at each place in a longer field."""
    products = correlate(field, window, mode="valid", method="fft")
    energy = np.cumsum(np.pad(field**2, (1, 0)))
    here = energy[len(window) :] - energy[: -len(window)]
    own = float(np.dot(window, window))
    return np.asarray(products / np.sqrt(own * np.maximum(here, own * _QUIETEST)))


def _foreign(received: Samples, rate: int, places: NDArray[np.int_], size: int) -> float:
    """Share of the received sound outside the windows in which the sent signal was found."""
    explained = np.zeros(len(received) + size, np.bool_)
    for place in places:
        explained[max(0, place) : max(0, place + size)] = True
    sound = active(received, rate)
    frame = round(FRAME_S * rate)
    known = explained[: len(sound) * frame].reshape(-1, frame).any(axis=1)
    return float((sound & ~known).sum() / max(1, sound.sum()))
