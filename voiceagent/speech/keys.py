"""Answers by keys (DTMF): collected until they are complete or no further one comes."""

from __future__ import annotations

from voiceagent.events import Expectation
from voiceagent.speech.turncommands import EndTurn

_KINDS = ("digits", "number", "phone")
"""What can be answered by keys."""
_GAP_S = 3.0
_LAST_GAP_S = 1.5
"""Wait for a further key when there could be one but need not be."""
_TONE_S = 0.25
"""After a key was pressed, sound this long is the key's tone."""


class Keys:
    """The keys pressed so far. ``*`` begins again, ``#`` ends."""

    def __init__(self) -> None:
        self.text = ""
        """The digits so far."""
        self._expected: Expectation | None = None
        self._from_s: float | None = None
        self._to_s: float | None = None

    @property
    def wanted(self) -> bool:
        """Whether a key would be taken as (part of) an answer."""
        return self._expected is not None and self._expected.kind in _KINDS

    def expect(self, expected: Expectation | None) -> None:
        """What is asked for next."""
        self._expected = expected
        self.text = ""

    def press(self, t: float, key: str) -> bool:
        """A key was pressed; returns whether the answer is complete by it."""
        self._to_s = t
        if not self.wanted:
            return False
        if not self.text:
            self._from_s = t
        if key == "*":
            self.text = ""
        elif key.isdigit():
            self.text += key
        most = self._expected.max_digits if self._expected else None
        return key == "#" or (most is not None and len(self.text) >= most)

    def sound(self, t: float) -> bool:
        """Whether what is heard is the tone of a key."""
        return bool(self.text) or (self._to_s is not None and t < self._to_s + _TONE_S)

    def overdue(self, t: float) -> bool:
        """Whether no further key is waited for."""
        least = (self._expected.min_digits if self._expected else None) or 1
        gap = _LAST_GAP_S if len(self.text) >= least else _GAP_S
        return bool(self.text) and self._to_s is not None and t - self._to_s >= gap

    def take(self) -> EndTurn | None:
        """The answer, which begins anew; None where there was no digit."""
        text, self.text = self.text, ""
        if not text or self._from_s is None or self._to_s is None:
            return None
        return EndTurn(self._from_s, self._to_s, text, None, keyed=True)
