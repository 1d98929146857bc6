"""How loud a caller is, against the noise of their line."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

_FLOOR_START_DB = -60.0
_FLOOR_LOWEST_DB = -75.0
_RISE = 0.01
_FALL = 0.1
_LOUDER = 0.03
_SOFTER = 0.002
_VOICE_ABOVE_FLOOR_DB = 8.0
_KEPT_FRAMES = 300
_FEWEST_FRAMES = 75
_QUIET, _QUIETEST = 0.1, 0.02
"""Shares of all frames that are quieter than these two levels of the background."""
_ABOVE_STEADY_DB = 3.0
_PER_SPREAD = 2.5
_ABOVE_UNSTEADY_DB = 11.0


class LevelTracker:
    """Learns the noise floor, the background and the caller's own level from 20 ms frames.

    The floor is that of what is no speech. It is learned within the first frames; then it falls
    quickly and rises slowly (half-way in 1.4 s), so that neither a pause nor a burst misleads
    it. The background is what never stops, speech or not: other people who talk go on in the
    caller's pauses (minimum statistics; Martin, IEEE Trans. Speech and Audio Processing, 2001).
    The caller's level is that of their louder sounds: it follows a louder voice in about a
    second and forgets it slowly (half-way in 7 s of speech), so that a distant voice in a pause
    does not take the caller's place.
    """

    def __init__(self) -> None:
        self.floor_db = _FLOOR_START_DB
        """Noise floor, dBFS."""
        self.caller_db: float | None = None
        """Level of the caller's louder sounds, dBFS; None until they have spoken."""
        self._noise_frames = 0
        self._latest: deque[float] = deque()
        self._sorted: list[float] = []

    @property
    def background_db(self) -> float:
        """What is not louder than this is the line or its surroundings, dBFS.

        It stands above the noise by 3 dB, and by more the more unsteady the background is.
        """
        steady = self.floor_db + _ABOVE_STEADY_DB
        count = len(self._sorted)
        if count < _FEWEST_FRAMES:
            return steady
        quiet = self._sorted[int(_QUIET * count)]
        spread = quiet - self._sorted[int(_QUIETEST * count)]
        return max(steady, quiet + min(_ABOVE_STEADY_DB + _PER_SPREAD * spread, _ABOVE_UNSTEADY_DB))

    def push(self, level_db: float, probability: float, alone: bool = True) -> None:
        """Take in one frame.

        Args:
            level_db: its level in dBFS.
            probability: that it is speech.
            alone: whether its speech can only be the caller's, and not the echo of the agent's.
        """
        level_db = max(level_db, _FLOOR_LOWEST_DB)
        self._latest.append(level_db)
        insort(self._sorted, level_db)
        if len(self._latest) > _KEPT_FRAMES:
            del self._sorted[bisect_left(self._sorted, self._latest.popleft())]
        if probability < 0.3:
            self._noise_frames += 1
            step = _RISE if level_db > self.floor_db else _FALL
            step = max(step, 1 / (self._noise_frames + 1))
            self.floor_db += step * (level_db - self.floor_db)
        elif (
            alone
            and probability > 0.7
            and level_db > max(self.floor_db + _VOICE_ABOVE_FLOOR_DB, self.background_db)
        ):
            if self.caller_db is None:
                self.caller_db = level_db
            else:
                step = _LOUDER if level_db > self.caller_db else _SOFTER
                self.caller_db += step * (level_db - self.caller_db)
