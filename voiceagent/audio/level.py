"""How loud a caller is, against the noise of their line."""

from __future__ import annotations

_FLOOR_START_DB = -60.0
_FLOOR_LOWEST_DB = -75.0
_RISE = 0.01
_FALL = 0.1
_VOICE = 0.03
_VOICE_ABOVE_FLOOR_DB = 8.0


class LevelTracker:
    """Learns the noise floor and the caller's own level from 20 ms frames.

    The floor falls quickly and rises slowly (half-way in 1.4 s), so that neither a pause nor a
    burst misleads it; the caller's level is an average over about the last half second of
    speech.
    """

    def __init__(self) -> None:
        self.floor_db = _FLOOR_START_DB
        """Noise floor, dBFS."""
        self.caller_db: float | None = None
        """Level of the caller's speech, dBFS; None until they have spoken."""

    def push(self, level_db: float, probability: float) -> None:
        """Take in one frame: its level in dBFS and the probability that it is speech."""
        if probability < 0.3:
            step = _RISE if level_db > self.floor_db else _FALL
            self.floor_db += step * (level_db - self.floor_db)
            self.floor_db = max(self.floor_db, _FLOOR_LOWEST_DB)
        elif probability > 0.7 and level_db > self.floor_db + _VOICE_ABOVE_FLOOR_DB:
            if self.caller_db is None:
                self.caller_db = level_db
            else:
                self.caller_db += _VOICE * (level_db - self.caller_db)
