"""The utterances of a recording, cut out of its file.

No more of the file is held than the utterance that is being heard.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from voiceagent.audio import wav
from voiceagent.audio.frames import FRAME_BYTES, SAMPLE_RATE, Floats, to_float, to_pcm
from voiceagent.audio.prosody import measure
from voiceagent.audio.segments import Segment, Segmenter
from voiceagent.audio.telephone import Telephone, telephone

WIDE_RATE = 16000
"""Samples a second of what is not put through the telephone."""
_BEFORE_S = 0.3
_AFTER_S = 0.2
"""Audio around an utterance that is recognised with it."""
_LATE_S = 0.1
"""An utterance's beginning is known this much late."""


class Cut(NamedTuple):
    """An utterance, cut out of its file."""

    segment: Segment
    channel: int | None
    rate: int
    pcm: bytes
    """The utterance alone, 16-bit at `rate`."""
    around: bytes
    """With the audio about it that is recognised with it."""
    from_s: float
    """Where `around` begins."""

    def measures(self) -> dict[str, float] | None:
        """Acoustic measures, as on the telephone."""
        samples = to_float(self.pcm)
        return measure(telephone(samples, self.rate) if self.rate != SAMPLE_RATE else samples)


def cuts(
    path: Path, *, wide: bool = False, mix: bool = False, pause_s: float = 0.8
) -> Iterator[Cut]:
    """The utterances of a file in the order of their starts.

    Args:
        wide: leave what has more than 8 kHz at 16 kHz, instead of putting it through the telephone.
        mix: mix the channels: they are one scene, not one speaker each.
        pause_s: silence that ends an utterance.

    Raises:
        AudioFileError: the file cannot be read, or not to its end.
    """
    narrow = wav.rate_of(path) <= SAMPLE_RATE
    channels: list[_Channel] = []
    waiting: list[Cut] = []
    before: Cut | None = None

    def ready(until_s: float) -> Iterator[Cut]:
        nonlocal before
        waiting.sort(key=lambda cut: (cut.segment, cut.channel))
        while waiting and waiting[0].segment.start_s <= until_s:
            cut = waiting.pop(0)
            # One speaker on both channels is one speaker.
            if before is None or (cut.segment, cut.pcm) != (before.segment, before.pcm):
                yield cut
            before = cut

    for block in wav.blocks(path, SAMPLE_RATE if narrow else WIDE_RATE):
        if mix:
            block = block.mean(axis=0, keepdims=True)
        if not channels:
            numbers = [None] if len(block) == 1 else range(1, len(block) + 1)
            channels = [_Channel(number, narrow, wide, pause_s) for number in numbers]
        for channel, samples in zip(channels, block, strict=True):
            waiting += channel.push(samples)
        if waiting:
            yield from ready(min(channel.open_from_s for channel in channels))
    for channel in channels:
        waiting += channel.flush()
    yield from ready(math.inf)


class _Channel:
    """One speaker of a file: what is heard is cut into utterances and then forgotten."""

    def __init__(self, number: int | None, narrow: bool, wide: bool, pause_s: float) -> None:
        self._number = number
        self._telephone = None if narrow else Telephone(WIDE_RATE)
        self._wide = wide and not narrow
        self._rate = WIDE_RATE if self._wide else SAMPLE_RATE
        self._segmenter = Segmenter(pause_s)
        self._frames = bytearray()
        """What the telephone gave and voice activity has not seen yet."""
        self._kept = bytearray()
        """What may still be recognised, from sample `_forgotten` on."""
        self._forgotten = 0

    @property
    def open_from_s(self) -> float:
        """No utterance still to come begins before this."""
        since = self._segmenter.since_s
        return self._segmenter.now_s if since is None else since

    def push(self, samples: Floats) -> list[Cut]:
        """Take samples; gives the utterances that have ended."""
        heard = self._telephone.push(samples) if self._telephone else samples
        return self._take(heard, samples if self._wide else heard)

    def flush(self) -> list[Cut]:
        """The file is over."""
        rest = self._telephone.flush() if self._telephone else np.zeros(0, np.float32)
        found = self._take(rest, rest if not self._wide else rest[:0])
        last = self._segmenter.flush()
        return found if last is None else [*found, self._cut(last)]

    def _take(self, heard: Floats, kept: Floats) -> list[Cut]:
        self._kept += to_pcm(kept)
        self._frames += to_pcm(heard)
        found = []
        while len(self._frames) >= FRAME_BYTES:
            frame = bytes(self._frames[:FRAME_BYTES])
            del self._frames[:FRAME_BYTES]
            if (segment := self._segmenter.push(frame)) is not None:
                found.append(self._cut(segment))
        self._forget(self.open_from_s - _BEFORE_S - _LATE_S)
        return found

    def _cut(self, segment: Segment) -> Cut:
        from_s = max(0.0, segment.start_s - _BEFORE_S)
        around = self._audio(from_s, segment.end_s + _AFTER_S)
        alone = self._audio(*segment)
        return Cut(segment, self._number, self._rate, alone, around, from_s)

    def _audio(self, start_s: float, end_s: float) -> bytes:
        first, last = (round(at * self._rate) - self._forgotten for at in (start_s, end_s))
        return bytes(self._kept[2 * max(0, first) : 2 * last])

    def _forget(self, before_s: float) -> None:
        count = round(before_s * self._rate) - self._forgotten
        if count > 0:
            del self._kept[: 2 * count]
            self._forgotten += count
