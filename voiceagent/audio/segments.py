"""Utterances in a recording: stretches of speech with silence around them."""

from __future__ import annotations

from typing import NamedTuple

from voiceagent.audio.frames import FRAME_S, SPEECH, STILL_SPEECH
from voiceagent.audio.vad import VoiceActivity

_BLIP_S = 0.1
"""Less speech than this is a click."""
_RESUMED_S = 0.06
"""Speech after a pause counts once it has lasted this long."""
_LATE_S = 0.06
"""Voice activity shows this much after the speech has begun: its windows are 32 ms."""


class Segment(NamedTuple):
    """An utterance, seconds from the start of the recording."""

    start_s: float
    end_s: float


class Segmenter:
    """Finds the utterances of one speaker in a stream of frames.

    Args:
        pause_s: silence that ends an utterance.
        longest_s: what is longer is cut at its longest pause.
    """

    def __init__(self, pause_s: float = 0.8, longest_s: float = 30.0) -> None:
        self._pause_s = pause_s
        self._longest_s = longest_s
        self._activity = VoiceActivity()
        self._frames = 0
        self._start: float | None = None
        self._last = 0.0
        self._voiced_s = 0.0
        self._resumed_s = 0.0
        self._pauses: list[Segment] = []

    @property
    def now_s(self) -> float:
        """Seconds taken so far."""
        return self._frames * FRAME_S

    @property
    def since_s(self) -> float | None:
        """Start of the utterance that has not ended yet, None between utterances."""
        return None if self._start is None else max(0.0, self._start - _LATE_S)

    def push(self, frame: bytes) -> Segment | None:
        """Take the next 20 ms of 16-bit samples at 8 kHz; gives an utterance that has ended."""
        probability = self._activity.push(frame).probability
        self._frames += 1
        now = self.now_s
        silence = now - self._last
        if probability >= (STILL_SPEECH if self._start is not None and silence < 0.1 else SPEECH):
            self._voice(now)
        elif self._start is not None:
            self._resumed_s = 0.0
            if silence >= self._pause_s:
                return self._end()
        if self._start is not None and now - self._start >= self._longest_s:
            return self._cut()
        return None

    def flush(self) -> Segment | None:
        """The recording is over; gives an utterance that lasted to its end."""
        return self._end() if self._start is not None else None

    def _voice(self, now: float) -> None:
        if self._start is None:
            self._start = self._last = now - FRAME_S
            self._voiced_s = self._resumed_s = 0.0
            self._pauses = []
        pause = now - FRAME_S - self._last
        self._voiced_s += FRAME_S
        self._resumed_s += FRAME_S
        if pause > FRAME_S:
            if self._resumed_s < _RESUMED_S:
                return
            self._pauses.append(Segment(self._last, now - self._resumed_s))
        self._last = now

    def _end(self) -> Segment | None:
        start, self._start = self.since_s, None
        assert start is not None
        return Segment(start, self._last) if self._voiced_s >= _BLIP_S else None

    def _cut(self) -> Segment | None:
        """End a long utterance at the longest pause of its second half."""
        assert self._start is not None
        middle = self._start + self._longest_s / 2
        late = [pause for pause in self._pauses if pause.start_s > middle]
        if not late:
            return self._end()
        pause = max(late, key=lambda each: each.end_s - each.start_s)
        start, last = self._start, self._last
        self._last = pause.start_s
        ended = self._end()
        self._start, self._last = pause.end_s, last
        self._voiced_s *= (last - pause.end_s) / (last - start)
        self._pauses = [each for each in self._pauses if each.start_s > pause.start_s]
        return ended
