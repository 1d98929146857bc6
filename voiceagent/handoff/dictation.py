"""A message as it is left: when it is over, and the stretches that are recognised."""

from __future__ import annotations

from voiceagent.audio.frames import FRAME_BYTES, FRAME_S, SPEECH
from voiceagent.audio.vad import VoiceActivity

_END_S = 3.0
"""Silence that ends a message."""
_NOTHING_S = 7.0
"""Silence after which no message is expected any more."""
_MARGIN_S = 0.3
_PIECE_S = 24.0
"""Longest stretch that is recognised at once; recognisers take no more than half a minute."""
_LEAST_S = 0.2
"""Speech that there has to be in a message."""


class Dictation:
    """Takes in the caller's frames until the message is over.

    Args:
        longest_s: how long it may be.
    """

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._activity = VoiceActivity()
        self._frames: list[bytes] = []
        self._voiced: list[bool] = []
        self._last_voice_s = 0.0

    def push(self, pcm: bytes) -> bool:
        """The next 20 ms; True when the message is over."""
        probability, _ = self._activity.push(pcm)
        self._frames.append(pcm.ljust(FRAME_BYTES, b"\0"))
        self._voiced.append(probability >= SPEECH)
        if self._voiced[-1]:
            self._last_voice_s = self.length_s
        silence_s = self.length_s - self._last_voice_s
        over = silence_s >= (_END_S if self.anything else _NOTHING_S)
        return over or self.length_s >= self._longest_s

    @property
    def length_s(self) -> float:
        """What was taken in so far, seconds."""
        return len(self._frames) * FRAME_S

    @property
    def anything(self) -> bool:
        """Whether something was said."""
        return sum(self._voiced) * FRAME_S >= _LEAST_S

    @property
    def pcm(self) -> bytes:
        """The message, from its first word to its last."""
        voiced = [n for n, voice in enumerate(self._voiced) if voice]
        if not voiced:
            return b""
        margin = round(_MARGIN_S / FRAME_S)
        return b"".join(self._frames[max(0, voiced[0] - margin) : voiced[-1] + margin])

    def pieces(self) -> list[bytes]:
        """The message in stretches short enough to be recognised, cut in its pauses."""
        spoken = self.pcm
        longest = round(_PIECE_S / FRAME_S)
        first = next((n for n, voice in enumerate(self._voiced) if voice), 0)
        offset = max(0, first - round(_MARGIN_S / FRAME_S))
        count = len(spoken) // FRAME_BYTES
        found, start = [], 0
        while start < count:
            end = min(start + longest, count)
            if end < count:
                end = self._pause(offset + start + longest // 2, offset + end) - offset
            found.append(spoken[start * FRAME_BYTES : end * FRAME_BYTES])
            start = end
        return found

    def _pause(self, start: int, end: int) -> int:
        """The middle of the longest pause between two frames; the end where there is none."""
        best, length, since = end, 0, start
        for at in range(start, end + 1):
            if at == end or self._voiced[at]:
                if at - since > length:
                    best, length = (since + at) // 2, at - since
                since = at + 1
        return best
