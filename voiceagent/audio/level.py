"""How loud a caller is, against the noise of their line."""

from __future__ import annotations

_FLOOR_START_DB = -60.0
_FLOOR_LOWEST_DB = -75.0
_RISE = 0.01
_FALL = 0.1
_LOUDER = 0.03
_SOFTER = 0.002
_VOICE_ABOVE_FLOOR_DB = 8.0


class LevelTracker:
    """Learns the noise floor and the caller's own level from 20 ms frames.

    The floor falls quickly and rises slowly (half-way in 1.4 s), so that neither a pause nor a
    burst misleads it. The caller's level is that of their louder sounds: it follows a louder
    voice in about a second and forgets it slowly (half-way in 7 s of speech), so that a distant
    voice in a pause does not take the caller's place.
    """

    def __init__(self) -> None:
        self.floor_db = _FLOOR_START_DB
        """Noise floor, dBFS."""
        self.caller_db: float | None = None
        """Level of the caller's louder sounds, dBFS; None until they have spoken."""

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
                step = _LOUDER if level_db > self.caller_db else _SOFTER
                self.caller_db += step * (level_db - self.caller_db)
