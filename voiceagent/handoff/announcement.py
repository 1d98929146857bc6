"""Whether a machine has answered: an announcement talks on while it is talked to.

A person who answers says who they are and then listens to the briefing. Voicemail and "the
person you are calling" do not listen. This tells no more than that, so a short announcement
passes for a person, and only a person who has to accept the call keeps the caller from it.
"""

from __future__ import annotations

from voiceagent.audio.frames import FRAME_S, SPEECH

_PAUSE_S = 0.7
"""Silence that a person leaves for the other to speak; announcements breathe faster."""


class Announcement:
    """Listens to who has answered, a frame at a time.

    Args:
        after_s: speech without a pause that no person holds against a briefing.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._speech_s = 0.0
        self._silence_s = 0.0

    def push(self, probability: float) -> bool:
        """The next 20 ms, as the probability that it is speech; whether a machine speaks."""
        if probability >= SPEECH:
            self._speech_s += self._silence_s + FRAME_S
            self._silence_s = 0.0
        elif self._speech_s:
            self._silence_s += FRAME_S
            if self._silence_s >= _PAUSE_S:
                self._speech_s = self._silence_s = 0.0
        return self._speech_s >= self._after_s
