"""Digits read off the states of Whisper's encoder, beside what its decoder writes.

Whisper's decoder was taught on sentences: it leaves out, merges and invents digits when somebody
reads a number out. Its encoder hears them well. A linear layer on the encoder's states tells for
each 20 ms which third of which digit is sounding, or that none is; the best path through these
(Viterbi) with as many digits as were asked for is the number. The layer is learned by
``benchmarks/digits.py``, which also says from whom and how well it hears people it never met.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voiceagent.audio.frames import Floats

THIRDS = 3
"""Parts of a digit, one after the other."""
SILENCE, OTHER = 10 * THIRDS, 10 * THIRDS + 1
CLASSES = OTHER + 1
FRAME_S = 0.02
"""Seconds between the states of the encoder."""
_HELD = 2
"""Frames that each third lasts at least."""
_STEPS = THIRDS * _HELD
_FLEETING = np.flatnonzero(np.arange(_STEPS) % _HELD < _HELD - 1)
"""Steps that last one frame; the last of each third may go on."""
_FEWER, _MORE = 8.0, 12.0
"""Log odds against a number of fewer digits than were asked for, or of more: the fewer may be all
that was said so far."""
_MOST = 24
"""No longer number is looked for."""


@dataclass(frozen=True)
class ReadDigit:
    """One digit of a number."""

    digit: str
    start_s: float
    end_s: float
    confidence: float
    """Probability of this digit against all others, silence and other speech."""


@dataclass(frozen=True)
class ReadNumber:
    """The best number that the sound allows."""

    digits: tuple[ReadDigit, ...]
    other_s: float
    """Seconds of speech that is no digit."""

    @property
    def text(self) -> str:
        """The digits alone."""
        return "".join(digit.digit for digit in self.digits)

    @property
    def confidence(self) -> float:
        """That of the least certain digit, 0 where there is none."""
        return min((digit.confidence for digit in self.digits), default=0.0)


class DigitReader:
    """The linear layer for one model.

    Args:
        weights: shape (states, `CLASSES`).
        bias: shape (`CLASSES`,).
    """

    def __init__(self, weights: Floats, bias: Floats) -> None:
        self._weights = weights
        self._bias = bias

    @property
    def table(self) -> tuple[Floats, Floats]:
        """Weights and bias."""
        return self._weights, self._bias

    def read(self, states: Floats, lengths: range = range(1, _MOST + 1)) -> ReadNumber:
        """The best number that the sound allows.

        Args:
            states: the encoder's output, shape (frames, states), without the padding.
            lengths: how many digits were asked for. Another number is read all the same when
                the sound says so plainly: a caller may not have said them all yet.
        """
        likelihood = log_softmax(states.astype(np.float32) @ self._weights + self._bias)
        path = _best_path(likelihood, lengths)
        outside = np.ones(len(likelihood), bool)
        digits = []
        for digit, start, end in path:
            outside[start:end] = False
            surety = _surety(likelihood[start:end], digit)
            digits.append(ReadDigit(str(digit), start * FRAME_S, end * FRAME_S, surety))
        heard_other = likelihood[:, OTHER] > likelihood[:, SILENCE]
        return ReadNumber(tuple(digits), float((outside & heard_other).sum()) * FRAME_S)


@cache
def reader(model: str) -> DigitReader | None:
    """The reader for a model by its name in the registry; None where none was learned."""
    path = table_path(model)
    if not path.is_file():
        return None
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return DigitReader(
        np.array(table["weights"], np.float32).reshape(-1, CLASSES),
        np.array(table["bias"], np.float32),
    )


def table_path(model: str) -> Path:
    """Where the learned numbers for a model are kept."""
    return Path(__file__).with_name(f"digits-{Path(model).name}.json")


def log_softmax(scores: Floats) -> Floats:
    """Logarithms of the probabilities along the last axis."""
    scores = scores - scores.max(axis=-1, keepdims=True)
    return np.asarray(scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True)), np.float32)


def _surety(likelihood: Floats, digit: int) -> float:
    """How sure a digit is: the mean over its frames of its share, all its thirds together."""
    probability = np.exp(likelihood)
    by_digit = probability[:, : 10 * THIRDS].reshape(-1, 10, THIRDS).sum(axis=2)
    return float(np.clip(by_digit[:, digit].mean(), 0.0, 1.0))


def _best_path(likelihood: Floats, lengths: range) -> list[tuple[int, int, int]]:
    """(digit, first frame, frame after the last) of each digit on the best path.

    The states are silence after n digits, and the six steps of the n-th digit: two frames at
    least for each third. Silence may be left out, and other speech counts as silence.
    """
    frames, most = len(likelihood), _MOST
    rest = np.maximum(likelihood[:, SILENCE], likelihood[:, OTHER])
    thirds = likelihood[:, : 10 * THIRDS].reshape(frames, 10, THIRDS)
    steps = np.repeat(thirds, _HELD, axis=2)
    silent = np.full(most + 1, -np.inf)
    silent[0] = 0.0
    digit = np.full((most, 10, _STEPS), -np.inf)
    # Where each state was entered from, for the way back.
    moved = np.zeros((frames, most, 10, _STEPS), bool)
    after_digit = np.zeros((frames, most), bool)
    left: NDArray[np.int8] = np.full((frames, most + 1), -1, np.int8)
    last_digit = np.zeros((frames, most), np.int8)
    for frame in range(frames):
        ends = digit[:, :, -1]
        best_end = ends.max(axis=1)
        last_digit[frame] = ends.argmax(axis=1)
        # A digit begins after silence or right after the digit before it.
        entry = silent[:-1].copy()
        straight = np.zeros(most, bool)
        straight[1:] = best_end[:-1] > entry[1:]
        entry[1:] = np.maximum(entry[1:], best_end[:-1])
        after_digit[frame] = straight
        coming = np.empty_like(digit)
        coming[:, :, 0] = entry[:, None]
        coming[:, :, 1:] = digit[:, :, :-1]
        staying = digit.copy()
        staying[:, :, _FLEETING] = -np.inf
        moved[frame] = coming >= staying
        digit = np.maximum(coming, staying) + steps[frame]
        from_digit = np.full(most + 1, -np.inf)
        from_digit[1:] = best_end
        left[frame] = np.where(from_digit > silent, 1, 0)
        silent = np.maximum(silent, from_digit) + rest[frame]
    score = [
        silent[n] - _FEWER * (n < lengths[0]) - _MORE * (n > lengths[-1]) for n in range(most + 1)
    ]
    return _way_back(int(np.argmax(score)), moved, after_digit, left, last_digit)


def _way_back(
    count: int,
    moved: NDArray[np.bool_],
    after_digit: NDArray[np.bool_],
    left: NDArray[np.int8],
    last_digit: NDArray[np.int8],
) -> list[tuple[int, int, int]]:
    path: list[tuple[int, int, int]] = []
    frame = len(moved) - 1
    while count:
        while not left[frame, count]:
            frame -= 1
        end = frame
        value = int(last_digit[frame, count - 1])
        while True:
            step = _STEPS - 1
            frame -= 1
            while not (step == 0 and moved[frame, count - 1, value, 0]):
                step -= int(moved[frame, count - 1, value, step])
                frame -= 1
            path.append((value, frame, end))
            straight = after_digit[frame, count - 1]
            count -= 1
            if not straight:
                break
            end = frame
            value = int(last_digit[frame, count - 1])
        frame -= 1
    return path[::-1]
